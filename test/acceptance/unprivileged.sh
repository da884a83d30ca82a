#!/usr/bin/env bash
# The README's first command as a user without rights, below a folder that nobody else can enter.
source "$(dirname "$0")/scratch.sh"
[ "$(id -u)" = 0 ] || { echo 'needs root to become another user'; exit 77; }
user=$(unprivileged_user)
clone "$scratch/private/clone"
chown -R "$user" "$scratch/private"
chmod 0700 "$scratch/private"
chmod 0755 "$scratch"
su "$user" -c "set -e; cd '$scratch/private/clone'; npm install; npm run create -- ../my-saas --yes; cd ../my-saas; npm test"
