// What to say of an answer that did not come.

#pragma once

#include <string>

#include <caf/error.hpp>

#include <node_proxy/actors/error.hpp>

#include "support/reason.hpp"

namespace test {

template <class T>
std::string reason(const caf::expected<T>& x) {
  return x ? std::string{} : node_proxy::describe(x.error());
}

} // namespace test
