// What a sender of a message can get instead of an answer. Travels inside of
// `caf::error` between actors; it has no form on the wire.

#pragma once

#include <optional>
#include <string>

#include <caf/error.hpp>

#include <node_proxy/actors/caf/error_code.hpp>
#include <node_proxy/actors/caf/version_check.hpp>
#include <node_proxy/actors/errc.hpp>
#include <node_proxy/base/export.hpp>

namespace node_proxy {

/// Makes an error with words about the case at hand, such as an address.
[[nodiscard]] NODE_PROXY_EXPORT caf::error make_error(errc code,
                                                      std::string context = {});

/// The code of an error that `make_error` made, nothing for errors of CAF.
[[nodiscard]] NODE_PROXY_EXPORT std::optional<errc>
code_of(const caf::error& error);

/// The words that `make_error` got, or nothing.
[[nodiscard]] NODE_PROXY_EXPORT std::string context_of(const caf::error& error);

/// The error in words for people: "address_in_use: 127.0.0.1:4000". Errors of
/// CAF itself by the names that CAF gives them.
[[nodiscard]] NODE_PROXY_EXPORT std::string describe(const caf::error& error);

} // namespace node_proxy
