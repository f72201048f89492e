# Sourced by the tests beside it: what several of them need. Those that
# configure something have a folder for it, $folder.
# shellcheck shell=bash

failures=0

# complain WORD...: the test has failed, and goes on.
complain() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

# conclude WORD...: the test ends; what to say if it has not failed.
conclude() {
  if ((failures > 0)); then
    exit 1
  fi
  echo "$*"
}

# cached NAME [BUILD]: the value that CMake has for it in a build, else in that
# of this project.
cached() {
  sed -n "s/^$1:[A-Z]*=//p" "${2-$NODE_PROXY_BUILD}/CMakeCache.txt"
}

# quietly COMMAND...: shows what it has printed only if it fails.
quietly() {
  "$@" > "${folder:?}/log" 2>&1 && return
  cat "$folder/log"
  return 1
}

# configure PROJECT BUILD OPTION...: with the compiler of this project's build.
configure() {
  quietly cmake -S "$1" -B "$2" -G Ninja \
    -DCMAKE_CXX_COMPILER="$(cached CMAKE_CXX_COMPILER)" "${@:3}"
}
