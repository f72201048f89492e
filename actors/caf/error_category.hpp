// Errors of CAF, and of users' enums, as others can be told of them.

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <caf/error.hpp>

namespace node_proxy::internal {

/// The enum that the code of an error is of: the name that it has as a type in
/// 1.x, and as a category in 0.17. Our own and those of CAF are called by their
/// 1.x names in both.
[[nodiscard]] std::string category_name(const caf::error& error);

/// The error with this code, nothing if there is no such category here, or the
/// code does not fit it.
/// @param context words about the case at hand, may be empty.
[[nodiscard]] std::optional<caf::error> find_error(const std::string& category,
                                                   std::uint64_t code,
                                                   std::string context);

} // namespace node_proxy::internal
