#!/usr/bin/env bash
# What a package says of what it needs: with a CAF outside of the system's
# folders, and with a shared library. Nothing is built, and $NODE_PROXY_BUILD
# tells only which compiler and which CAF there are.
set -euo pipefail
# shellcheck source=tests/scripts/lib.sh
source "$(dirname "$0")/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
if ! command -v pkg-config > /dev/null; then
  echo "pkg-config is missing"
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [[ -z $(cached CAF_CORE_LIBRARY) ]]; then
  echo "this CAF has a package configuration, and lies where it lies"
  exit 77
fi

# The CAF of the build in a place of its own.
mkdir -p "$folder/caf/include" "$folder/caf/lib"
ln -s "$(cached CAF_INCLUDE_DIR)/caf" "$folder/caf/include/caf"
for name in CORE IO; do
  library=$(cached "CAF_${name}_LIBRARY")
  ln -s "$library" "$folder/caf/lib/${library##*/}"
done
outside="$root/tests/scripts/outside_project"
configure "$outside" "$folder/shared" -DCMAKE_BUILD_TYPE=Debug -DNODE_PROXY_SOURCE="$root" \
  -DBUILD_SHARED_LIBS=ON -DCMAKE_PREFIX_PATH="$folder/caf"

# What users of pkg-config get.
flags=$(PKG_CONFIG_PATH=$folder/shared/node_proxy \
  pkg-config --cflags --libs node_proxy)
for flag in "-I$folder/caf/include" "-L$folder/caf/lib"; do
  [[ " $flags " == *" $flag "* ]] || complain "no $flag in $flags"
done
[[ $flags != *-I/usr/include* ]] || complain "a system folder in $flags"

# Whoever links a shared library needs nothing that only this one needs.
mkdir "$folder/package" "$folder/user"
cp "$folder/shared/node_proxy"/node_proxyConfig*.cmake \
  "$root/cmake/FindCAF.cmake" "$folder/package"
# The targets themselves: here it is enough to get that far.
touch "$folder/package/node_proxyTargets.cmake"
cat > "$folder/user/CMakeLists.txt" << 'PROJECT'
cmake_minimum_required(VERSION 3.25)
project(user LANGUAGES CXX)
find_package(node_proxy REQUIRED)
PROJECT
configure "$folder/user" "$folder/user/build" -DCMAKE_BUILD_TYPE=Debug \
  -DCMAKE_PREFIX_PATH="$folder/package;$folder/caf" \
  -DCMAKE_DISABLE_FIND_PACKAGE_SQLiteCpp=ON \
  -DCMAKE_DISABLE_FIND_PACKAGE_OpenSSL=ON ||
  complain "a shared library needs what it has linked itself"

# A header refuses a CAF that is not the one of the library, and names both.
mkdir -p "$folder/other/caf"
sed 's/^#define CAF_VERSION .*/#define CAF_VERSION 99901/' \
  "$folder/caf/include/caf/config.hpp" > "$folder/other/caf/config.hpp"
compile() {
  "$(cached CMAKE_CXX_COMPILER)" -std=c++20 -fsyntax-only "$@" \
    "-I$folder/shared/node_proxy/include" "-I$folder/caf/include" -x c++ \
    "$folder/shared/node_proxy/installed/version_check.hpp"
}
quietly compile || complain "the header refuses its own CAF"
if compile "-I$folder/other" > "$folder/log" 2>&1; then
  complain "a header takes any CAF"
fi
version=$(sed -n 's/^#define CAF_VERSION //p' "$folder/caf/include/caf/config.hpp")
for text in "CAF_VERSION is 99901" \
  "node_proxy was built with CAF .*(CAF_VERSION $version)"; do
  grep -q "$text" "$folder/log" ||
    complain "who has another CAF is not told \"$text\": $(cat "$folder/log")"
done

while read -r header; do
  if grep -q '^#include <caf/' "$root/$header" &&
    ! grep -q '^#include <.*/caf/version_check.hpp>' "$root/$header"; then
    complain "$header: CAF without <node_proxy/actors/caf/version_check.hpp>"
  fi
done < "$root/cmake/public_headers.txt"

conclude "Packages say what they need."
