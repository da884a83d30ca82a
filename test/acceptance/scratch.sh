# Sourced by the acceptance scripts: a scratch folder that goes away, and a copy of the project as a fresh clone has it.
set -euo pipefail
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/create-tenant-app.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# clone TARGET: the committed and the uncommitted files, without node_modules
clone() {
  mkdir -p "$1"
  (cd "$project" && git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- -cf - --ignore-failed-read) | tar -C "$1" -xf -
}

# installed_clone TARGET: the same with the packages that are installed here, where installing them is not what is tested
installed_clone() {
  clone "$1"
  cp -al "$project/node_modules" "$1/node_modules" 2>/dev/null || (rm -rf "$1/node_modules"; cd "$1"; npm install)
}

# An unprivileged user who exists on every Debian machine is not enough: npm needs a home. Makes one for the run.
unprivileged_user() {
  id tenant-app-tester >/dev/null 2>&1 || useradd --create-home --shell /bin/bash tenant-app-tester
  echo tenant-app-tester
}
