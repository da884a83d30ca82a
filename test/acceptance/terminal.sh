#!/usr/bin/env bash
# The interactive run, and Ctrl-C at each question, in a real terminal.
source "$(dirname "$0")/scratch.sh"
command -v tmux >/dev/null || { apt-get update -qq && apt-get install -yqq --no-install-recommends tmux; }
cd "$project"
npx vitest run --config test/terminal/vitest.config.ts
