#!/usr/bin/env bash
# The main job with pnpm 10: generated, installed into its strict node_modules, proven, tested, built; flags with and without `--`.
source "$(dirname "$0")/scratch.sh"
npm install --prefix "$scratch/pnpm" --no-save --no-package-lock pnpm@10
export PATH="$scratch/pnpm/node_modules/.bin:$PATH"
pnpm --version | grep '^10\.'
installed_clone "$scratch/clone"
cd "$scratch/clone"
npm run create -- ../my-saas --yes --package-manager pnpm
cd ../my-saas
test -z "$(git status --porcelain)"
git ls-files --error-unmatch pnpm-lock.yaml
pnpm install --frozen-lockfile 2>&1 | tee install.log
if grep -i 'ignored build scripts' install.log; then exit 1; fi
pnpm run typecheck
pnpm run lint
pnpm test
pnpm run build
pnpm run isolation --quick --json one.json
pnpm run isolation -- --quick --json two.json
for report in one.json two.json; do grep -q '"result": *"isolated"' "$report"; done

# pnpm's own processes pass signals on; each server ends with its group.
listening() { for _ in $(seq 240); do grep -q listening "$1" && return; sleep 0.5; done; cat "$1"; return 1; }
PORT=0 setsid pnpm run dev >dev.log 2>&1 &
dev=$!
listening dev.log
pnpm run tenant create initech --json | tee tenant.log | grep -q '"slug":"initech"'
set -a && source .data/development.env && set +a
PORT=0 NODE_ENV=development setsid pnpm start >start.log 2>&1 &
start=$!
listening start.log
curl --fail --silent "$(grep -oE 'http://127.0.0.1:[0-9]+' start.log | head -n 1)/readyz" | grep -q ready
kill -TERM -- "-$start" "-$dev"
wait "$start" "$dev" || true
