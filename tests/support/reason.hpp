// What to say of a value that is not there.

#pragma once

#include <string>

#include <tl/expected.hpp>

namespace test {

/// Why there is no value, for the `_MESSAGE` macros of doctest: they want their
/// text even if there is one, when successes are shown.
template <class T, class Error>
  requires requires(const Error& x) {
    x.text;
  }
std::string reason(const tl::expected<T, Error>& x) {
  return x ? std::string{} : x.error().text;
}

} // namespace test
