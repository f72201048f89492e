// Outcomes of sent messages, as the actors report them.

#pragma once

#include <node_proxy/actors/error.hpp>
#include <node_proxy/protocol/delivery/send_error.hpp>

namespace node_proxy::internal {

/// The error code with the same name.
[[nodiscard]] errc to_errc(send_error error);

/// The error for a sender; with the cause as context if it is `unconfirmed`.
[[nodiscard]] caf::error to_error(const send_failure& failure);

} // namespace node_proxy::internal
