#!/usr/bin/env bash
# scripts/test --caf, with stand-ins for cmake and ctest.
set -euo pipefail
# shellcheck source=tests/scripts/lib.sh
source "$(dirname "$0")/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

mkdir "$tree"/{scripts,tools,caf,empty}
cp "$root"/scripts/{test,lib.sh} "$tree/scripts/"
tree=$(realpath "$tree")
caf=$tree/caf

# tool NAME: puts in a stand-in, its text on standard input.
tool() {
  { echo '#!/bin/bash'; cat; } > "$tree/tools/$1"
  chmod +x "$tree/tools/$1"
}

tool dpkg-query <<< 'printf installed'
tool ctest <<< 'echo "ctest $*"'
# It finds the CAF of the prefix `caf`, and otherwise that of the system.
tool cmake << 'SCRIPT'
echo "cmake $*"
[[ $1 == --preset ]] || exit 0
folder=build/$2
dir=/usr/lib/cmake/CAF
for word in "$@"; do
  case $word in
    build/*) folder=$word ;;
    -DCMAKE_PREFIX_PATH=*/caf) dir=${word#*=}/lib/cmake/CAF ;;
  esac
done
mkdir -p "$folder"
echo "CAF_DIR:PATH=$dir" > "$folder/CMakeCache.txt"
SCRIPT

# expect NAME STATUS EXPECTED ARGUMENT...: what scripts/test does. In EXPECTED,
# which is a pattern, the number of compilers is left out.
expect() {
  local name=$1 status=0 expected=$3 actual
  local wanted_status=$2
  shift 3
  actual=$(cd "$tree" && PATH=$tree/tools:$PATH scripts/test "$@" 2>&1) ||
    status=$?
  actual=$(sed -E 's/ -j [0-9]+//' <<< "$actual")
  # shellcheck disable=SC2053
  if [[ $actual != $expected || $status != "$wanted_status" ]]; then
    complain "$name
expected: $expected
actual ($status): $actual"
  fi
}

expect "without the option it is the build debug" 0 \
  "cmake --preset debug
cmake --build build/debug
ctest --test-dir build/debug --output-on-failure --no-tests=error -R x" -R x
folder=build/caf${caf//\//-}
found="cmake --preset debug -B $folder -DCMAKE_PREFIX_PATH=$caf
cmake --build $folder
ctest --test-dir $folder --output-on-failure --no-tests=error"
expect "a prefix has a build of its own" 0 "$found -R x" --caf "$caf" -R x
expect "a prefix may be relative" 0 "$found" --caf caf
expect "a prefix without CAF is refused" 1 "cmake *
--caf $tree/empty: no CAF is installed there*" --caf "$tree/empty"
expect "a prefix that is missing is refused" 2 \
  "--caf $tree/none: no such directory*" --caf "$tree/none"
expect "a prefix has to be given" 2 "--caf : no such directory*" --caf

conclude "scripts/test --caf does what it should."
