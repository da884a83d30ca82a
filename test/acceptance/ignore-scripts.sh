#!/usr/bin/env bash
# Install scripts are switched off and no system PostgreSQL is in sight: embedded PostgreSQL must start all the same.
source "$(dirname "$0")/scratch.sh"
export npm_config_ignore_scripts=true TEST_PG=embedded
clone "$scratch/clone"
cd "$scratch/clone"
npm install
npm run create -- ../my-saas --yes
cd ../my-saas
npm test
