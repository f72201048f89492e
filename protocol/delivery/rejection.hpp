// What a rejected message means to its sender.

#pragma once

#include <node_proxy/protocol/delivery/send_error.hpp>
#include <node_proxy/protocol/wire/control.hpp>

namespace node_proxy::internal {

/// What the sender of a message is told that the peer rejected.
[[nodiscard]] constexpr send_error
to_send_error(control::reject_reason reason) {
  switch (reason) {
  case control::reject_reason::unknown_engine:
    return send_error::unknown_engine;
  case control::reject_reason::malformed:
    return send_error::malformed;
  case control::reject_reason::engine_gone:
    return send_error::engine_gone;
  case control::reject_reason::engine_failed:
    return send_error::engine_failed;
  }
  return send_error::unconfirmed; // no decoder lets this through
}

} // namespace node_proxy::internal
