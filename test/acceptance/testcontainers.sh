#!/usr/bin/env bash
# The PostgreSQL launcher's Docker path for real. The engine comes from the script that TENANT_APP_DOCKER (or ../shared/tools) names.
source "$(dirname "$0")/scratch.sh"
engine=${TENANT_APP_DOCKER:-$project/../shared/tools/local-docker.sh}
[ -f "$engine" ] || { echo "no script that starts a Docker engine at $engine"; exit 77; }
[ "$(id -u)" = 0 ] || { echo 'needs root to start a Docker engine'; exit 77; }
exports=$(IMAGES='postgres:18-alpine=18.4.0-beta.17' bash "$engine")
eval "$exports"
stop_engine() { kill "$(cat "${LOCAL_DOCKER_DIR:-/var/tmp/local-docker}/dockerd.pid")" 2>/dev/null || true; rm -rf "$scratch"; }
trap stop_engine EXIT
clone "$scratch/clone"
cd "$scratch/clone"
npm install
npm run create -- ../my-saas --yes --no-verify
cd ../my-saas
npm install --save-dev testcontainers@~11.14.0
TEST_PG=docker npm test
TEST_PG=docker npm run isolation -- --quick
