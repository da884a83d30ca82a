#!/usr/bin/env bash
# npm pack, the tarball installed elsewhere, and the main job run from it, as `npx create-tenant-app my-saas` would. Install scripts are switched off and no system
# PostgreSQL is in sight: embedded PostgreSQL must start all the same, and leave nothing behind.
source "$(dirname "$0")/scratch.sh"
cd "$project"
npm pack --silent --pack-destination "$scratch" >/dev/null
export npm_config_ignore_scripts=true TEST_PG=embedded TMPDIR="$scratch/temporary"
mkdir -m 1777 "$TMPDIR"
chmod 755 "$scratch"
mkdir "$scratch/elsewhere" && cd "$scratch/elsewhere"
npm init --yes >/dev/null
npm install "$scratch"/create-tenant-app-*.tgz
npx --no-install create-tenant-app my-saas --yes
cd my-saas
test -f tenant-app.json
test -f .gitignore
npm run typecheck
npm run lint
npm test
left=$(find "$TMPDIR" -mindepth 1 -maxdepth 1 -not -name 'tsx-*' -not -name 'node-compile-cache')
test -z "$left" || { echo "left behind: $left"; exit 1; }
