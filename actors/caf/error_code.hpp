// `errc` as an error code of CAF: what differs between CAF's versions. Included
// by <node_proxy/actors/error.hpp>.

#pragma once

#include <string>

#include <caf/error.hpp>
#include <caf/message.hpp>
#include <caf/type_id.hpp>
#if CAF_MAJOR_VERSION < 1
// The macro at the end needs it.
#include <caf/make_message.hpp>
#endif

#include <node_proxy/actors/caf/version_check.hpp>
#include <node_proxy/actors/errc.hpp>

namespace caf {
class actor_system_config;
}

namespace node_proxy::internal {

/// Whether the code of `error` is an `errc`.
[[nodiscard]] bool has_errc(const caf::error& error);

/// The name that CAF gives to an error of its own.
[[nodiscard]] std::string caf_name(const caf::error& error);

/// Makes actor systems made with `cfg` print our errors as `describe` does. 1.x
/// knows how by their type.
void add_error_names(caf::actor_system_config& cfg);

} // namespace node_proxy::internal

// An error category is an atom of at most 10 characters in 0.17 (where
// <caf/is_error_code_enum.hpp> must not be included), and the type id of the
// enum (<node_proxy/actors/caf/messages.hpp>) in 1.x.
#if CAF_MAJOR_VERSION >= 1
CAF_ERROR_CODE_ENUM(node_proxy::errc)
#else
CAF_ERROR_CODE_ENUM(node_proxy::errc, "node_proxy")
#endif
