#!/usr/bin/env bash
# Every defence of every strategy is broken once, of database and application, and the isolation suite has to notice each.
# Of the checks that only a strategy needs, each has to be turned red by one of them at least.
# broken-defences.sh [STRATEGY...]; shared tables by themselves are what `npm run test:mutation` asks about
source "$(dirname "$0")/scratch.sh"
strategies=("$@")
[ $# != 0 ] || strategies=(schema-per-tenant database-per-tenant shared-schema,database-per-tenant database-per-tenant,shared-schema)
frameworks=(fastify express) # in turns

installed_clone "$scratch/clone"
cd "$scratch/clone"

for strategy in "${strategies[@]}"; do
  repository="$scratch/${strategy/,/-and-}"
  npm run create -- "$repository" --strategy "$strategy" --framework "${frameworks[0]}" --yes --no-verify
  frameworks=("${frameworks[1]}" "${frameworks[0]}")
  cd "$repository"
  npm run isolation -- --mutations --json isolation.json >isolation.log || { cat isolation.log; exit 1; }
  node -p "
    const { groups, mutations } = JSON.parse(require('node:fs').readFileSync('isolation.json', 'utf8'));
    const checks = groups.reduce((sum, group) => sum + group.checks, 0);
    if (mutations.total < 150 || mutations.caught !== mutations.total) throw new Error(JSON.stringify(mutations));
    '$strategy: ' + checks + ' checks, ' + mutations.caught + ' of ' + mutations.total + ' broken defences noticed';
  "
  cd "$scratch/clone"
  node --import tsx test/mutation/prove.ts "$repository/isolation.json"
done
