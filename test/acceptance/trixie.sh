# Sourced after scratch.sh by the scripts that need programs newer than Debian 12's.

# trixie DIR PACKAGE...: unpacks packages of Debian 13 into DIR and installs nothing; exit 77 where that cannot be done
trixie() {
  local target=$1 state
  shift
  local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  command -v apt-get >/dev/null && [ -f "$keyring" ] || { echo 'needs Debian, for programs of Debian 13'; exit 77; }
  state=$(mktemp -d "$scratch/apt.XXXXXX")
  mkdir -p "$state/lists/partial" "$state/debs" "$target"
  echo "deb [signed-by=$keyring] http://deb.debian.org/debian trixie main" >"$state/sources.list"
  local options=(-o "Dir::Etc::SourceList=$state/sources.list" -o 'Dir::Etc::SourceParts=-' -o "Dir::State::Lists=$state/lists"
    -o 'Dir::Cache::PkgCache=' -o 'Dir::Cache::SrcPkgCache=' -o 'APT::Sandbox::User=root')
  apt-get "${options[@]}" update -qq
  (cd "$state/debs" && apt-get "${options[@]}" download -qq "$@")
  for package in "$state"/debs/*.deb; do dpkg -x "$package" "$target"; done
  rm -rf "$state"
}
