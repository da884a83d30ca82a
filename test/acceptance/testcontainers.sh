#!/usr/bin/env bash
# The PostgreSQL launcher's Docker path for real.
source "$(dirname "$0")/scratch.sh"
source "$(dirname "$0")/docker-engine.sh"
trap stop_engine EXIT
start_engine
export TESTCONTAINERS_RYUK_DISABLED=true TESTCONTAINERS_HOST_OVERRIDE=127.0.0.1
installed_clone "$scratch/clone"
cd "$scratch/clone"
npm run create -- ../my-saas --yes --no-verify
cd ../my-saas
postgres_image .
npm install --save-dev testcontainers@~11.14.0
TEST_PG=docker npm test -- test/api
TEST_PG=docker npm run isolation -- --quick
