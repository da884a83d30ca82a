#!/usr/bin/env bash
# Builds the images of generated repositories and brings their compose files up for real.
source "$(dirname "$0")/scratch.sh"
source "$(dirname "$0")/docker-engine.sh"
finish() {
  code=$?
  [ ! -f compose.yaml ] || { [ "$code" = 0 ] || docker compose logs --tail 40; docker compose --profile tools down --volumes --timeout 3; }
  stop_engine
}
trap finish EXIT
start_engine
node_image

installed_clone "$scratch/clone"
cd "$scratch/clone"

# start STRATEGY: a repository beside this one, its image, and its services until they are ready at $url
start() {
  npm run create -- ../my-saas --yes --no-verify --strategy "$1"
  cd ../my-saas
  cp .env.example .env
  local port
  port=$(node -e "const s = require('node:net').createServer().listen(0, '127.0.0.1', () => { console.log(s.address().port); s.close(); })")
  for name in POSTGRES_PASSWORD RUNTIME_PASSWORD PLATFORM_PASSWORD; do sed -i "s/^$name=.*/$name=$(openssl rand -hex 32)/" .env; done
  for name in TENANT_SEAL_KEYS TENANT_DATABASE_KEYS; do sed -i "s/^$name=.*/$name=one:$(openssl rand -hex 32)/" .env; done
  sed -i "s/^PORT=.*/PORT=$port/" .env
  sed -i 's#^JWT_ISSUER=.*#JWT_ISSUER=https://login.example.com#; s#^JWT_AUDIENCE=.*#JWT_AUDIENCE=api#; s#^JWKS_URL=.*#JWKS_URL=https://login.example.com/keys#' .env
  docker image inspect postgres:18-alpine >/dev/null 2>&1 || postgres_image .
  # A registry that lacks the packages of other platforms leaves them out of the lockfile, which npm ci does not take.
  if ! npm ci --dry-run >/dev/null 2>&1; then sed -i 's/^RUN npm ci/RUN npm install/' Dockerfile; fi
  docker build --network=host --tag my-saas .
  docker compose up --wait --no-build
  url=http://127.0.0.1:$port
  curl -sf "$url/readyz"
  test "$(docker inspect --format '{{.State.ExitCode}}' "$(docker compose ps --all --quiet migrate)")" = 0
}

key() { docker compose run --rm --no-TTY tenant create "$1" --json | tail -n 1 | node -p "JSON.parse(require('node:fs').readFileSync(0, 'utf8')).apiKey"; }
start shared-schema
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
test "$(docker inspect --format '{{.State.Health.Status}}' "$(docker compose ps --quiet app)")" = healthy

# Stopping ends running requests first; starting again migrates nothing twice.
docker compose restart --timeout 10 app
docker compose run --rm --no-TTY migrate | grep 'up to date'
for _ in $(seq 30); do curl -sf "$url/readyz" && break; sleep 1; done
curl -sf "$url/v1/projects" -H "X-API-Key: $acme" | grep Apollo
if docker history --no-trunc my-saas | grep -iE 'password|seal_key'; then exit 1; fi

# What takes the administrator is run as the migrations are.
as_administrator() { docker compose run --rm --no-TTY "${@:2}" migrate node dist/tenant.js $1; }
if docker compose run --rm --no-TTY tenant export acme --to /tmp/acme; then echo 'the platform role exports rows'; exit 1; fi
mkdir exports
as_administrator 'export acme --to /exports/acme' --user "$(id -u):$(id -g)" --volume "$PWD/exports:/exports"
grep Apollo exports/acme/projects.ndjson
docker compose --profile tools down --volumes --timeout 3
cd ../clone
rm -rf ../my-saas

start shared-schema,database-per-tenant
acme=$(key acme)
apollo() { curl -sf "$url/v1/projects" -H "X-API-Key: $acme" "$@" | grep Apollo; }
apollo -H 'content-type: application/json' -d '{"name":"Apollo"}'
as_administrator 'prepare --ready 2'
as_administrator 'move acme --to database-per-tenant'
apollo
as_administrator 'move acme --confirm'
as_administrator renew-password
apollo
as_administrator drift
as_administrator 'delete acme --grace-days 0'
as_administrator purge | grep 'acme: .* rows erased'
docker compose logs prepare | grep 'databases made'
echo 'images and compose files work'
