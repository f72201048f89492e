#!/usr/bin/env bash
# install_packages of scripts/lib.sh, with stand-ins for Debian's tools.
set -euo pipefail
# shellcheck source=tests/scripts/lib.sh
source "$(dirname "$0")/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT

# tool NAME: puts in a stand-in, its text on standard input.
tool() {
  { echo '#!/bin/bash'; cat; } > "$tools/$1"
  chmod +x "$tools/$1"
}

for name in bash awk env dirname; do
  ln -s "$(command -v "$name")" "$tools/$name"
done
# Of the packages, only `present` is installed, and `removed` was once.
tool dpkg-query << 'SCRIPT'
case ${!#} in
  present) printf installed ;;
  removed) printf config-files ;;
  *) exit 1 ;;
esac
SCRIPT
tool apt-get <<< 'echo "apt-get $*"'

# expect NAME EXPECTED PACKAGE...: what is printed for these packages.
expect() {
  local name=$1 expected=$2 actual
  shift 2
  actual=$(PATH=$tools bash -c 'set -euo pipefail
    source "$0/scripts/lib.sh"
    install_packages "$@" 2>&1' "$root" "$@" | grep -v '^$' || true)
  if [[ $actual != "$expected" ]]; then
    complain "$name
expected: $expected
actual:   $actual"
  fi
}

tool id <<< 'echo 0'
expect "nothing is missing" "" present present
expect "root installs what is missing" \
  "== Installing removed absent
apt-get update -qq
apt-get install -y -qq --no-install-recommends removed absent" \
  present removed absent

tool id <<< 'echo 1000'
expect "without root or sudo nothing missing is no error" "" present
expect "without root or sudo the packages are named" \
  "Neither root nor sudo: please install: absent" absent

tool sudo <<< 'echo sudo; "$@"'
expect "others than root use sudo" \
  "== Installing absent
sudo
apt-get update -qq
sudo
apt-get install -y -qq --no-install-recommends absent" present absent

rm "$tools/dpkg-query"
expect "elsewhere than on Debian the packages are named" \
  "This is not Debian: please install by hand: present absent" present absent

conclude "install_packages does what it should."
