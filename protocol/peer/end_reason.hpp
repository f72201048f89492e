// How a connection of a peer ended, or an attempt at one.

#pragma once

#include <variant>

#include <node_proxy/messages/connect_reply.hpp>
#include <node_proxy/messages/node_advert.hpp>
#include <node_proxy/protocol/delivery/violation.hpp>
#include <node_proxy/protocol/peer/end_causes.hpp>
#include <node_proxy/protocol/session/handshake.hpp>
#include <node_proxy/protocol/session/session.hpp>
#include <node_proxy/protocol/wire/control.hpp>

namespace node_proxy::internal {

/// Why it ended, as whatever found that calls it. The names of all of them are
/// in docs/OPERATING.md, "Why a connection failed or ended", or in PROTOCOL.md,
/// "Errors".
using end_reason =
  std::variant<control::goodbye_reason, close_reason, missed_deadline,
               session_error, violation, node_advert_refusal, handshake_error,
               connect_reply_error, dial_error, service_loss>;

/// Whether a connection ended in good order.
[[nodiscard]] constexpr bool is_goodbye(const end_reason& x) {
  return std::holds_alternative<control::goodbye_reason>(x);
}

} // namespace node_proxy::internal
