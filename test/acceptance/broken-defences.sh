#!/usr/bin/env bash
# Every defence of every strategy is broken once, of database and application, and the isolation suite has to notice each.
# Of the checks that only a strategy needs, each has to be turned red by one of them at least. With the strategies of a repository in the other order,
# where new tenants get databases, the policies are broken: the rest is the same code.
# broken-defences.sh [STRATEGY...]; shared tables by themselves are what `npm run test:mutation` asks about
source "$(dirname "$0")/scratch.sh"
strategies=("$@")
[ $# != 0 ] || strategies=(schema-per-tenant database-per-tenant shared-schema,database-per-tenant database-per-tenant,shared-schema)
frameworks=(fastify express) # in turns

installed_clone "$scratch/clone"

for strategy in "${strategies[@]}"; do
  repository="$scratch/${strategy/,/-and-}" packages="$scratch/${frameworks[0]}"
  cd "$scratch/clone"
  npm run create -- "$repository" --strategy "$strategy" --framework "${frameworks[0]}" --yes --no-install --no-verify
  frameworks=("${frameworks[1]}" "${frameworks[0]}")
  cd "$repository"
  # The packages of a framework are the same in each strategy.
  [ -d "$packages" ] || { npm install; mv node_modules "$packages"; }
  cp -al "$packages" node_modules
  which=all least=150
  [ "$strategy" != database-per-tenant,shared-schema ] || which=policies least=15
  npm run isolation -- --mutations $which --json isolation.json >isolation.log || { cat isolation.log; exit 1; }
  node -p "
    const { groups, mutations } = JSON.parse(require('node:fs').readFileSync('isolation.json', 'utf8'));
    const checks = groups.reduce((sum, group) => sum + group.checks, 0);
    if (mutations.total < $least || mutations.caught !== mutations.total) throw new Error(JSON.stringify(mutations));
    '$strategy: ' + checks + ' checks, ' + mutations.caught + ' of ' + mutations.total + ' broken defences noticed';
  "
  [ $which = policies ] || (cd "$scratch/clone" && node --import tsx test/mutation/prove.ts "$repository/isolation.json")
done
