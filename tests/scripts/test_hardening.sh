#!/usr/bin/env bash
# The program node-proxy is hardened as cmake/NodeProxyHarden.cmake says, and so
# is what is compiled for it in a release build. That is looked for in the
# commands that would be run, and in their results where this is such a build.
set -euo pipefail
# shellcheck source=tests/scripts/lib.sh
source "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/../.."
tool=$NODE_PROXY_TOOL
build=$NODE_PROXY_BUILD

# has WHAT PATTERN TEXT: a line of the text matches the pattern.
has() {
  grep -qE -- "$2" <<< "$3" || complain "$1"
}

# -- the program --------------------------------------------------------------

header=$(readelf -hW "$tool")
segments=$(readelf -lW "$tool")
dynamic=$(readelf -dW "$tool")
has 'the program is loaded at any address' 'Type: +DYN' "$header"
has 'the program is marked as one that is' 'FLAGS_1.* PIE' "$dynamic"
has 'addresses of functions cannot be overwritten' 'GNU_RELRO' "$segments"
has 'they are all found at the start' 'FLAGS_1.* NOW' "$dynamic"
has 'the stack is no code' 'GNU_STACK .* RW +0' "$segments"
if grep -E 'LOAD .* RWE ' <<< "$segments"; then
  complain "nothing can be both written and run"
fi

# -- how it is compiled for release -------------------------------------------

release=$(mktemp -d)
trap 'rm -rf "$release"' EXIT
cmake --preset release -B "$release" \
  -DCMAKE_CXX_COMPILER="$(cached CMAKE_CXX_COMPILER)" \
  -DCMAKE_PREFIX_PATH="$(cached CMAKE_PREFIX_PATH)" \
  > "$release/log" 2>&1 || { cat "$release/log"; exit 1; }

commands=$(grep -E '"command":.* -c [^ ]*/(base|protocol|actors|tools)/' \
  "$release/compile_commands.json")
has 'there are commands that compile' . "$commands"

# compiled_with FLAG NAME: every command has the flag, if the compiler knows it,
# which CMake has kept under the name.
compiled_with() {
  local without
  if [[ $(cached "$2" "$release") == 1 ]]; then
    without=$(grep -v -- " $1 " <<< "$commands" || true)
    has "compiled with $1, but:"$'\n'"$without" '^$' "$without"
  fi
}
compiled_with -fstack-protector-strong NODE_PROXY_HAS_fstack_protector_strong
compiled_with -fstack-clash-protection NODE_PROXY_HAS_fstack_clash_protection
compiled_with -fcf-protection NODE_PROXY_HAS_fcf_protection
compiled_with -mbranch-protection=standard \
  NODE_PROXY_HAS_mbranch_protection_standard
compiled_with -D_FORTIFY_SOURCE=2 NODE_PROXY_FORTIFIES

# -- what has come of it ------------------------------------------------------

# Libraries of others in the program must not answer for ours.
if grep -qE '^CMAKE_BUILD_TYPE:[A-Z]*=Rel' "$build/CMakeCache.txt"; then
  for library in base protocol actors; do
    archive=$build/$library/libnode_proxy_$library.a
    has "$library: overwritten return addresses are noticed" \
      ' UND __stack_chk_fail$' "$(readelf -sW "$archive")"
    if [[ $(cached NODE_PROXY_HAS_fcf_protection "$release") == 1 ]]; then
      without=$(readelf -nW "$archive" |
        awk '/^File: / { file = $2; marked[file] = 0 }
             /IBT, SHSTK/ { marked[file] = 1 }
             END { for (x in marked) if (!marked[x]) print x }')
      has "$library: jumps go only where they may, but in:"$'\n'"$without" \
        '^$' "$without"
    fi
  done
fi
conclude "The program is hardened."
