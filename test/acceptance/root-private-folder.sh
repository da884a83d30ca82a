#!/usr/bin/env bash
# The same as root: PostgreSQL runs as another user there, who cannot enter the folder either, nor read what root writes with
# this umask. What the environment says about another server does no harm. `npm run dev` answers too.
source "$(dirname "$0")/scratch.sh"
[ "$(id -u)" = 0 ] || { echo 'needs root'; exit 77; }
umask 077
export PGSSLMODE=require
mkdir "$scratch/private"
clone "$scratch/private/clone"
cd "$scratch/private/clone"
npm install
npm run create -- ../my-saas --yes
cd ../my-saas
PORT=0 timeout 120 npm run dev >"$scratch/dev.log" 2>&1 &
dev=$!
for _ in $(seq 120); do
  grep -q '^ *curl ' "$scratch/dev.log" && grep -qiE 'listening|ready' "$scratch/dev.log" && break
  kill -0 "$dev" 2>/dev/null || break
  sleep 0.5
done
command=$(grep -m 1 -E '^ *curl ' "$scratch/dev.log") || { cat "$scratch/dev.log"; exit 1; }
answer=$(bash -c "$command")
echo "$command"
echo "$answer"
kill "$dev" 2>/dev/null || true
wait "$dev" || true
grep -q '"items"' <<<"$answer"
