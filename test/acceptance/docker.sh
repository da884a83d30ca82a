#!/usr/bin/env bash
# Builds the generated repository's image and brings its compose file up for real.
source "$(dirname "$0")/scratch.sh"
source "$(dirname "$0")/docker-engine.sh"
finish() {
  code=$?
  cd "$scratch/my-saas" 2>/dev/null && { [ "$code" = 0 ] || docker compose logs --tail 40; docker compose --profile tools down --volumes --timeout 3; }
  stop_engine
}
trap finish EXIT
start_engine
node_image

clone "$scratch/clone"
cd "$scratch/clone"
npm install
npm run create -- ../my-saas --yes --no-verify
cd ../my-saas
postgres_image .

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
