#!/usr/bin/env bash
# What a shared library of this project offers is what cmake/public_symbols.txt
# lists: functions and data that users may link to, and nothing that is only
# ours. $NODE_PROXY_BUILD is where the libraries of the folders were built.
#
#     tests/scripts/test_symbols.sh --write     makes the list anew
set -euo pipefail
cd "$(dirname "$0")/../.."
list=cmake/public_symbols.txt
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# cached NAME: the value of a variable in the build.
cached() {
  sed -n "s/^$1:[A-Z]*=//p" "$NODE_PROXY_BUILD/CMakeCache.txt"
}

read -ra flags <<< "$(cached CMAKE_CXX_FLAGS)"
"$(cached CMAKE_CXX_COMPILER)" "${flags[@]}" -shared -o "$folder/all.so" \
  -Wl,--whole-archive \
  "$NODE_PROXY_BUILD/actors/libnode_proxy_actors.a" \
  "$NODE_PROXY_BUILD/protocol/libnode_proxy_protocol.a" \
  "$NODE_PROXY_BUILD/base/libnode_proxy_base.a" \
  -Wl,--no-whole-archive

# What is weak is made of headers: whoever includes them has it, too.
nm --dynamic --defined-only --demangle "$folder/all.so" |
  sed -nE 's/^[0-9a-f]+ [TDBR] //p' > "$folder/offered"
# Types of arguments differ between versions of CAF.
grep '^node_proxy::' "$folder/offered" | sed 's/(.*//; s/\[abi:.*\]//' |
  LC_ALL=C sort -u \
  > "$folder/names"
if [[ ${1-} == --write ]]; then
  cp "$folder/names" "$list"
  exit
fi
# Others are those of the compiler, and begin with underscores.
foreign=$(grep -vE '^(node_proxy::|_)' "$folder/offered" || true)
if [[ -n $foreign ]]; then
  echo "FAILED: a shared library offers names without our namespace: $foreign"
  exit 1
fi
inner=$(grep -E '^node_proxy::(internal|tools)::' "$folder/names" || true)
if [[ -n $inner ]]; then
  echo "FAILED: a shared library offers inner names: $inner"
  exit 1
fi
if ! diff "$list" "$folder/names"; then
  echo "FAILED: a shared library offers other names than $list says"
  exit 1
fi
echo "A shared library offers the $(wc -l < "$list") names of $list."
