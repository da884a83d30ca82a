#!/usr/bin/env bash
# A database as managed services give it: the administrator is no superuser, and a PgBouncer in transaction mode stands between.
# The steps are those of docs/deployment.md.
source "$(dirname "$0")/scratch.sh"
source "$(dirname "$0")/trixie.sh"
[ "$(id -u)" = 0 ] || { echo 'needs root, to run PgBouncer as somebody else'; exit 77; }
trixie "$scratch/pgbouncer" pgbouncer libc6 libcares2 libevent-2.1-7t64 libssl3t64 libpam0g libsystemd0 libcap2 libaudit1 libcap-ng0 libzstd1 zlib1g

installed_clone "$scratch/clone"
cd "$scratch/clone"
npm run create -- ../my-saas --yes --no-verify
cd ../my-saas
npm run build

started=()
finish() {
  code=$?
  [ "$code" = 0 ] || tail -n 20 "$scratch"/*.log
  # All at once: PgBouncer waits for its clients to leave.
  kill "${started[@]}" 2>/dev/null || true
  wait
  rm -rf "$scratch"
}
trap finish EXIT

# wait_for PATTERN FILE
wait_for() { for _ in $(seq 120); do grep -qE "$1" "$2" 2>/dev/null && return; sleep 0.5; done; echo "no $1 in $2" >&2; return 1; }

cat >"$scratch/postgres.mts" <<'END'
import { setTimeout } from 'node:timers';
const { startPostgres } = await import(`${process.cwd()}/scripts/postgres/start.ts`);
process.once('SIGTERM', () => process.exit(0));
console.log((await startPostgres({ purpose: 'test' })).adminUrl);
setTimeout(() => {}, 2 ** 31 - 1);
END
TEST_PG=embedded node --import tsx "$scratch/postgres.mts" >"$scratch/postgres.log" 2>&1 &
started+=($!)
wait_for '^postgres://' "$scratch/postgres.log"
superuser=$(grep '^postgres://' "$scratch/postgres.log")
server=${superuser#*@}
server=${server%/*}

sql() { # sql URL STATEMENT...: one after the other, the last one's rows as JSON
  node --input-type=module - "$@" <<'END'
import pg from 'pg';
const [connectionString, ...statements] = process.argv.slice(2);
const client = new pg.Client({ connectionString });
await client.connect();
let rows;
for (const statement of statements) ({ rows } = await client.query(statement));
console.log(JSON.stringify(rows));
await client.end();
END
}
free_port() { node -e "const s = require('node:net').createServer().listen(0, '127.0.0.1', () => { console.log(s.address().port); s.close(); })"; }
secret() { openssl rand -hex 32; }

# What a managed service gives its customer: a role that may make roles and databases, and connections with TLS only.
data=$(sql "$superuser" 'show data_directory' | grep -oE '/[^"]+')
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
  -keyout "$data/server.key" -out "$data/server.crt" 2>/dev/null
chown --reference="$data" "$data"/server.{key,crt}
cp "$data/server.crt" "$scratch/authority.pem"
chmod 711 "$scratch"
sed -i 's/^host /hostssl /' "$data/pg_hba.conf"
password=$(secret)
sql "$superuser" "create role provider login createrole createdb password '$password'" \
  'alter system set ssl = on' 'select pg_reload_conf()' >/dev/null
sleep 1
server=localhost:${server#*:}
tls="?sslmode=verify-full&sslrootcert=$scratch/authority.pem"
provider=postgres://provider:$password@$server/postgres$tls
password=$(secret)
sql "$provider" "create role my_saas_admin login createrole password '$password'" 'grant my_saas_admin to current_user' \
  'create database my_saas owner my_saas_admin' >/dev/null
export DATABASE_ADMIN_URL=postgres://my_saas_admin:$password@$server/my_saas$tls
export DATABASE_URL=postgres://my_saas_runtime:$(secret)@$server/my_saas$tls
export DATABASE_PLATFORM_URL=postgres://my_saas_platform:$(secret)@$server/my_saas$tls
export TENANT_SEAL_KEYS=one:$(secret)
export JWT_ISSUER=https://login.example.com JWT_AUDIENCE=api JWKS_URL=https://login.example.com/keys

if sql "${DATABASE_ADMIN_URL%"$tls"}" 'select 1' 2>/dev/null; then echo 'the server takes connections without TLS'; exit 1; fi

npm run db:migrate
npm run db:migrate | grep 'up to date'
npm run isolation -- --quick --against "$DATABASE_ADMIN_URL" --json isolation.json
grep -q '"result": *"isolated"' isolation.json

key() { env --unset=DATABASE_ADMIN_URL node dist/tenant.js create "$1" --json | node -p "JSON.parse(require('node:fs').readFileSync(0, 'utf8')).apiKey"; }
acme=$(key acme) globex=$(key globex)

# application URL NAME: what it logs is in NAME.log, and its address in $app
application() {
  env --unset=DATABASE_ADMIN_URL --unset=DATABASE_PLATFORM_URL DATABASE_URL="$1" NODE_ENV=production PORT=0 node dist/server.js >"$scratch/$2.log" 2>&1 &
  started+=($!)
  wait_for 'listening on' "$scratch/$2.log"
  app=$(grep -oE 'http://127.0.0.1:[0-9]+' "$scratch/$2.log" | head -n 1)
}
# Two tenants at once, over connections that they share.
two_tenants() {
  local name=$1
  curl -sf "$app/readyz" >/dev/null
  curl -sf -X POST "$app/v1/projects" -H "X-API-Key: $acme" -H 'content-type: application/json' -d "{\"name\":\"$name\"}" >/dev/null
  printf 'url = %s/v1/projects\nheader = "X-API-Key: %s"\n' "$app" "$acme" >"$scratch/acme.curl"
  printf 'url = %s/v1/projects\nheader = "X-API-Key: %s"\n' "$app" "$globex" >"$scratch/globex.curl"
  seq 100 | xargs -P 16 -I{} sh -c "curl -sf --config '$scratch/acme.curl' -o '$scratch/acme-{}.json'; curl -sf --config '$scratch/globex.curl' -o '$scratch/globex-{}.json'"
  test "$(cat "$scratch"/acme-*.json | grep -o "\"$name\"" | wc -l)" = 100
  test "$(grep -l '"items":\[\]' "$scratch"/globex-*.json | wc -l)" = 100
  rm "$scratch"/{acme,globex}-*.json
}
application "$DATABASE_URL" managed
two_tenants 'Managed'

# A new seal key while an old process runs, then the old key away.
old=$TENANT_SEAL_KEYS
export TENANT_SEAL_KEYS=two:$(secret),$old
npm run db:migrate | grep 'seal keys: two, one'
two_tenants 'Old process'
application "$DATABASE_URL" rotated
export TENANT_SEAL_KEYS=${TENANT_SEAL_KEYS%",$old"}
npm run db:migrate | grep 'seal keys: two$'
two_tenants 'Rotated'
(TENANT_SEAL_KEYS=$old NODE_ENV=production PORT=0 timeout 30 node dist/server.js 2>&1 || true) | grep 'does not accept'

# pgbouncer NAME PREPARED PROGRAM...: sets $pooled. It reaches $reach, for $users; $more is what else it is told.
pgbouncer() {
  local name=$1 prepared=$2 folder=$scratch/pgbouncer-$1 port
  shift 2
  port=$(free_port)
  mkdir "$folder"
  local login=${DATABASE_URL#postgres://}
  login=${login%@*}
  echo "${users:-"\"${login%:*}\" \"${login#*:}\""}" >"$folder/users.txt"
  cat >"$folder/pgbouncer.ini" <<END
[databases]
${reach:-my_saas} = host=127.0.0.1 port=${server#*:}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
auth_type = scram-sha-256
auth_file = $folder/users.txt
pool_mode = transaction
max_prepared_statements = $prepared
max_client_conn = 1000
default_pool_size = 4
server_tls_sslmode = verify-full
server_tls_ca_file = $scratch/authority.pem
server_login_retry = 1
query_wait_timeout = 5
${more:-}
END
  chown -R nobody "$folder"
  setpriv --reuid=nobody --clear-groups "$@" "$folder/pgbouncer.ini" >"$scratch/$name.log" 2>&1 &
  started+=($!)
  wait_for 'listening on' "$scratch/$name.log"
  pooled=${DATABASE_URL%"$tls"}
  pooled=postgres://$login@127.0.0.1:$port/${pooled##*/}
}
trixie_root=$scratch/pgbouncer/usr
newest=("$trixie_root/lib64/ld-linux-x86-64.so.2" --library-path "$trixie_root/lib/x86_64-linux-gnu" "$trixie_root/sbin/pgbouncer")
"${newest[@]}" --version

pgbouncer pooler 200 "${newest[@]}"
application "$pooled" pooled
if grep 'statements travel unnamed' "$scratch/pooled.log"; then exit 1; fi
two_tenants 'Pooled'

pgbouncer old-pooler 0 "${newest[@]}"
application "$pooled" unnamed
grep 'statements travel unnamed' "$scratch/unnamed.log"
two_tenants 'Unnamed'

# A superuser may come later, and closes what only a superuser can.
may_end() { sql "$DATABASE_ADMIN_URL" "select has_function_privilege('my_saas_runtime', 'pg_terminate_backend(int, bigint)', 'execute')" | grep -q "$1"; }
may_end true
DATABASE_ADMIN_URL=${superuser%@*}@$server/my_saas$tls npm run db:migrate
may_end false
npm run db:migrate | grep 'up to date'

# The application's own suite, with everything that it has, through the same PgBouncer.
printf '#!/bin/sh\nexec %s "$@"\n' "${newest[*]}" >"$scratch/pgbouncer-newest"
chmod 755 "$scratch/pgbouncer-newest"
suite_through_pooler() {
  env --unset=DATABASE_ADMIN_URL --unset=DATABASE_URL --unset=DATABASE_PLATFORM_URL PGBOUNCER="$scratch/pgbouncer-newest" \
    npm run isolation -- --full --json full.json
  node -e "
    const { result, groups, notCovered } = JSON.parse(require('node:fs').readFileSync('full.json', 'utf8'));
    const { checks } = groups.find(({ name }) => name === 'pooling');
    if (result !== 'isolated' || checks < 2000 || notCovered.some(({ threat }) => threat === 'B2')) process.exit(1);
    console.log(checks + ' checks through PgBouncer');
  "
}
suite_through_pooler

# A database and a login for each tenant, which PgBouncer looks up: they are made while it runs.
cd "$scratch/clone"
npm run create -- ../my-databases --yes --no-verify --no-install --strategy database-per-tenant
cd ../my-databases
cp -al ../my-saas/node_modules .
npm run build
password=$(secret)
sql "$provider" "create role my_databases_admin login createrole createdb password '$password'" 'grant my_databases_admin to current_user' \
  'create database my_databases owner my_databases_admin' >/dev/null
export DATABASE_ADMIN_URL=postgres://my_databases_admin:$password@$server/my_databases$tls
export DATABASE_URL=postgres://my_databases_runtime:$(secret)@$server/my_databases$tls
export DATABASE_PLATFORM_URL=postgres://my_databases_platform:$(secret)@$server/my_databases$tls
export TENANT_DATABASE_KEYS=one:$(secret)
npm run db:migrate
npm run tenant -- prepare --ready 2
password=$(secret)
sql "${superuser%@*}@$server/postgres$tls" "create role my_databases_pooler login password '$password'" 'create database my_databases_pooler' \
  'revoke connect, temporary on database my_databases_pooler from public' 'grant connect on database my_databases_pooler to my_databases_pooler' >/dev/null
sql "${superuser%@*}@$server/my_databases_pooler$tls" "create function public.find_login(login text) returns table (name text, password text)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as \$\$
    select rolname::text, rolpassword
    from pg_authid
    where rolname = login and rolcanlogin and not rolsuper and not rolcreaterole
      and (rolname = 'my_databases_runtime' or pg_has_role(oid, 'my_databases_tenants', 'usage'))
  \$\$" 'revoke execute on function public.find_login(text) from public' 'grant execute on function public.find_login(text) to my_databases_pooler' >/dev/null

reach='*' users="\"my_databases_pooler\" \"$password\""
more="auth_user = my_databases_pooler
auth_dbname = my_databases_pooler
auth_query = select name, password from public.find_login(\$1)"
pgbouncer finding-pooler 200 "${newest[@]}"
application "$pooled" databases
if grep 'statements travel unnamed' "$scratch/databases.log"; then exit 1; fi
acme=$(key acme) globex=$(key globex)
two_tenants 'Databases'
# The administrator's password is right, and PgBouncer lets in the application and tenants only.
administrator=${DATABASE_ADMIN_URL#postgres://}
if sql "postgres://${administrator%%@*}@${pooled#*@}" 'select 1' 2>"$scratch/refused.log"; then exit 1; fi
grep -iE 'no such user|authentication failed' "$scratch/refused.log"
suite_through_pooler

# The administrator erases a tenant whose database the application has open.
npm run tenant -- delete acme --grace-days 0
npm run tenant -- purge | grep 'acme: .* rows erased'

# A schema and a role for each tenant.
cd "$scratch/clone"
npm run create -- ../my-schemas --yes --no-verify --no-install --strategy schema-per-tenant
cd ../my-schemas
cp -al ../my-saas/node_modules .
password=$(secret)
sql "$provider" "create role my_schemas_admin login createrole password '$password'" 'grant my_schemas_admin to current_user' \
  'create database my_schemas owner my_schemas_admin' >/dev/null
export DATABASE_ADMIN_URL=postgres://my_schemas_admin:$password@$server/my_schemas$tls
export DATABASE_URL=postgres://my_schemas_runtime:$(secret)@$server/my_schemas$tls
export DATABASE_PLATFORM_URL=postgres://my_schemas_platform:$(secret)@$server/my_schemas$tls
npm run db:migrate
npm run db:migrate | grep 'up to date'
npm run tenant -- create acme
npm run isolation -- --quick --against --json isolation.json
grep -q '"result": *"isolated"' isolation.json
echo 'a managed PostgreSQL and PgBouncer work'
