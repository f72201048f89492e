#!/usr/bin/env bash
# Whoever has something in an interface that cannot be sent is told by the compiler
# which type that is and what to do, once for each handler. $NODE_PROXY_BUILD is
# where this project was built.
set -euo pipefail
if ! command -v clang++ > /dev/null; then
  echo "clang++ is missing, whose errors are looked at"
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

flags=(-std=c++20 -fsyntax-only -ferror-limit=0 "-I$NODE_PROXY_BUILD/include")
caf=$(sed -n 's/^CAF_INCLUDE_DIR:[A-Z]*=//p' "$NODE_PROXY_BUILD/CMakeCache.txt")
[[ -z $caf || $caf == /usr/include ]] || flags+=(-isystem "$caf")

cat > "$folder/user.cpp" << 'END'
#include <memory>
#include <string_view>
#include <node_proxy/actors/interface_schema.hpp>
using namespace node_proxy;
struct silent { int value; };
struct unmade {
  explicit unmade(int x) : value{x} {}
  int value;
  template <class Inspector>
  friend bool inspect(Inspector&, unmade&) { return true; }
};
template <class Handler>
void ask(const node& x) {
  static_cast<void>(x.remote<actor_interface<Handler>>(engine_id{}));
}
void check(const node& x, const caf::actor& any) {
  ask<void(silent)>(x);
  ask<void(std::vector<std::pair<int, caf::actor>>)>(x);
  ask<caf::error(int)>(x);
  ask<void(std::unique_ptr<short>)>(x);
  ask<void(std::string_view)>(x);
  ask<caf::expected<long>(int)>(x);
  ask<void(unmade)>(x);
  static_cast<void>(x.remote<caf::actor>(engine_id{}));
  static_cast<void>(x.serve("x", any));
}
END
clang++ "${flags[@]}" "$folder/user.cpp" 2> "$folder/errors" || true

# said TYPE TEXT: an error with this text, in what is asked for this type.
said() {
  if ! grep -A 1 "error: static_assert.*$2" "$folder/errors" > /dev/null ||
    ! grep -F "$1" "$folder/errors" > /dev/null; then
    cat "$folder/errors"
    echo "FAILED: of $1 the compiler does not say: $2"
    exit 1
  fi
}

said "silent>" "give it an inspect for CAF"
said "caf::actor>" "send an engine_id instead of a handle"
said "caf::error>" "instead of an error"
said "std::unique_ptr<short" "what a pointer points to"
said "std::basic_string_view<char" "use std::string"
said "caf::expected<long>" "name what is answered instead"
said "unmade>" "a constructor without arguments"
said "remote<caf::actor>" "name the interface of the engine"
said "serve<caf::actor>" "name the interface: serve"
count=$(grep -c 'error:' "$folder/errors")
if ((count != 9)); then
  cat "$folder/errors"
  echo "FAILED: there are $count errors where there are 9 mistakes"
  exit 1
fi
echo "Each of $count mistakes is one error that says what to do."
