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

# answered COMMAND...: runs it in the background until it prints a curl line, and what that answers
answered() {
  : >"$scratch/dev.log"
  "$@" >"$scratch/dev.log" 2>&1 &
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
  grep -q '"items"' <<<"$answer"
}

# Killed, it can tell nobody: the next start has the port all the same.
export PORT=18473
answered node --import tsx scripts/dev.ts
kill -KILL "$dev"
wait "$dev" || true
answered timeout 120 npm run dev
kill "$dev"
wait "$dev" || true
