#!/usr/bin/env bash
# npm pack, the tarball installed elsewhere, and the main job run from it, as `npx create-tenant-app my-saas` would.
source "$(dirname "$0")/scratch.sh"
cd "$project"
npm pack --silent --pack-destination "$scratch" >/dev/null
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
