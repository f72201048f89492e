#!/usr/bin/env bash
# Projects of others can link the libraries into a shared library, and can add
# this project as a subdirectory. $NODE_PROXY_BUILD is where it was built.
set -euo pipefail
# shellcheck source=tests/scripts/lib.sh
source "$(dirname "$0")/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
project=$root/tests/scripts/outside_project
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# configure_like BUILD OPTION...: as this project was.
configure_like() {
  configure "$project" "$1" -DCMAKE_BUILD_TYPE="$(cached CMAKE_BUILD_TYPE)" \
    -DCMAKE_CXX_FLAGS="$(cached CMAKE_CXX_FLAGS)" \
    -DCMAKE_CXX_STANDARD=20 "${@:2}"
}

links_into_a_shared_library() {
  cmake --install "$NODE_PROXY_BUILD" --prefix "$folder/installed" \
    > /dev/null &&
    (cd "$folder/installed/include" && find node_proxy -name '*.hpp' | LC_ALL=C sort |
      sed 's/.*/#include <&>/') > "$folder/headers.cpp" &&
    configure_like "$folder/user" "-DHEADERS=$folder/headers.cpp" \
      "-DCMAKE_PREFIX_PATH=$folder/installed;$(cached CMAKE_PREFIX_PATH)" &&
    cmake --build "$folder/user" && "$folder/user/program"
}

# offered NAME: functions whose names begin so that a shared library offers
# in which all of ours is.
offered() {
  nm --dynamic --defined-only --demangle "$folder/user/libplugin.so" |
    grep -E "^[0-9a-f]+ T $1" || true
}

# The targets of a build whose names have a word.
targets() {
  ninja -C "$1" -t targets all | cut -d: -f1 | grep -E "$2" || true
}

# What tools, tests and benchmarks need is not looked for: it may be missing.
is_a_subdirectory() {
  local name without=()
  for name in CLI11 nlohmann_json doctest benchmark; do
    without+=("-DCMAKE_DISABLE_FIND_PACKAGE_$name=ON")
  done
  configure_like "$1" -DNODE_PROXY_SOURCE="$root" "${without[@]}" \
    -DCMAKE_PREFIX_PATH="$(cached CMAKE_PREFIX_PATH)" "${@:2}"
}

links_into_a_shared_library || complain "linking into a shared library"
sed 's/#include <node_proxy\/\(.*\)>/\1/' "$folder/headers.cpp" |
  diff "$root/cmake/public_headers.txt" - ||
  complain "other headers are installed than those of the list"
[[ -n $(offered node_proxy::spawn_node) ]] ||
  complain "a shared library does not offer what users call"
[[ -z $(offered node_proxy::internal) ]] ||
  complain "a shared library offers inner names: $(offered node_proxy::internal |
    head -n 3)"

is_a_subdirectory "$folder/static" || complain "being a subdirectory"
for name in actors protocol; do
  [[ -n $(targets "$folder/static" "/libnode_proxy_$name\.a$") ]] ||
    complain "as a subdirectory, $name is no static library"
done
others=$(targets "$folder/static" '(^|/)(node-proxy|example_|bench|test_)')
[[ -z $others ]] || complain "a subdirectory has more than libraries: $others"

is_a_subdirectory "$folder/shared" -DBUILD_SHARED_LIBS=ON ||
  complain "being a subdirectory with shared libraries"
[[ -n $(targets "$folder/shared" '/libnode_proxy\.so$') ]] ||
  complain "with BUILD_SHARED_LIBS, there is no shared library"

conclude "Other projects can use this one."
