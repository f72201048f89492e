#!/usr/bin/env bash
# Debian packages can be made of $NODE_PROXY_BUILD, and pkg-config says how to
# build a program with what is in them.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
for tool in cpack dpkg-deb dpkg-shlibdeps gzip pkg-config; do
  if ! command -v "$tool" > /dev/null; then
    echo "$tool is missing"
    exit 77
  fi
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# quietly COMMAND...: shows what it has printed only if it fails.
quietly() {
  "$@" > "$folder/log" 2>&1 && return
  cat "$folder/log"
  return 1
}

# What is small matters to nobody here.
quietly cpack --config "$NODE_PROXY_BUILD/CPackConfig.cmake" -B "$folder" \
  -D CPACK_DEBIAN_COMPRESSION_TYPE=gzip
for name in node-proxy libnode-proxy-dev; do
  dpkg-deb -x "$folder/$name"_*.deb "$folder/root"
done
"$(find "$folder/root" -path '*/bin/node-proxy')" --help > /dev/null

# Whoever installs in another place finds all there, too.
PKG_CONFIG_PATH=$(dirname "$(find "$folder/root" -name node_proxy.pc)")
export PKG_CONFIG_PATH
compiler=$(sed -n 's/^CMAKE_CXX_COMPILER:[A-Z]*=//p' \
  "$NODE_PROXY_BUILD/CMakeCache.txt")
flags=$(sed -n 's/^CMAKE_CXX_FLAGS:[A-Z]*=//p' \
  "$NODE_PROXY_BUILD/CMakeCache.txt")
# shellcheck disable=SC2046,SC2086
"$compiler" -std=c++20 $flags "$root/examples/hello.cpp" \
  $(pkg-config --cflags --libs node_proxy) -o "$folder/hello"
quietly "$folder/hello"
echo "A program is built with what is in the packages, and runs."
