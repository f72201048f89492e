#!/usr/bin/env bash
# The program node-proxy, and what was compiled for it, are hardened as
# cmake/NodeProxyHarden.cmake says. What depends on the optimizer is looked for
# only where the build type has one.
set -euo pipefail
tool=$NODE_PROXY_TOOL
build=$NODE_PROXY_BUILD
cache=$build/CMakeCache.txt

failures=0
# has WHAT PATTERN TEXT: a line of the text matches the pattern.
has() {
  if ! grep -qE -- "$2" <<< "$3"; then
    echo "FAILED: $1"
    failures=$((failures + 1))
  fi
}

# cached NAME: the value that CMake has for it.
cached() { sed -n "s/^$1:[A-Z]*=//p" "$cache"; }

# -- the program --------------------------------------------------------------

header=$(readelf -hW "$tool")
segments=$(readelf -lW "$tool")
dynamic=$(readelf -dW "$tool")
has 'the program is loaded at any address' 'Type: +DYN' "$header"
has 'the program is marked as one that is' 'FLAGS_1.* PIE' "$dynamic"
has 'addresses of functions cannot be overwritten' 'GNU_RELRO' "$segments"
has 'they are all found at the start' 'FLAGS_1.* NOW' "$dynamic"
has 'the stack is no code' 'GNU_STACK .* RW +0x' "$segments"
if grep -E 'LOAD .* RWE ' <<< "$segments"; then
  echo "FAILED: nothing can be both written and run"
  failures=$((failures + 1))
fi

# -- what it is made of -------------------------------------------------------

# Libraries of others in the program must not answer for ours.
for library in base protocol actors; do
  archive=$build/$library/libnode_proxy_$library.a
  has "$library: overwritten return addresses are noticed" \
    ' UND __stack_chk_fail$' "$(readelf -sW "$archive")"
  if [[ $(cached NODE_PROXY_HAS_fcf_protection) == 1 ]]; then
    without=$(readelf -nW "$archive" |
      awk '/^File: / { file = $2; marked[file] = 0 }
           /IBT, SHSTK/ { marked[file] = 1 }
           END { for (x in marked) if (!marked[x]) print x }')
    has "$library: jumps go only where they may, but in:"$'\n'"$without" \
      '^$' "$without"
  fi
done

# What the C library checks leaves no trace where all sizes are known. Where
# nothing is cached, the compiler has a level of its own.
if [[ $(cached CMAKE_BUILD_TYPE) =~ ^(Release|RelWithDebInfo|MinSizeRel)$ &&
  $(cached NODE_PROXY_FORTIFIES) == 1 &&
  ! $(cached CMAKE_CXX_FLAGS) =~ -fsanitize ]]; then
  commands=$(grep -E '"command":.* -c [^ ]*/(base|protocol|actors|tools)/' \
    "$build/compile_commands.json")
  has 'there are commands that compile' . "$commands"
  without=$(grep -v -- ' -D_FORTIFY_SOURCE=2 ' <<< "$commands" || true)
  has "sizes of buffers are checked, but by:"$'\n'"$without" '^$' "$without"
fi
exit "$((failures > 0))"
