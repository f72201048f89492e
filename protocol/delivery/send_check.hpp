// What is refused at once of what engines send.

#pragma once

#include <cstddef>
#include <optional>

#include <node_proxy/base/bytes.hpp>
#include <node_proxy/messages/node_out_msg.hpp>
#include <node_proxy/protocol/delivery/deadline.hpp>
#include <node_proxy/protocol/delivery/send_error.hpp>
#include <node_proxy/protocol/wire/message_data.hpp>

namespace node_proxy::internal {

/// Where a message goes from and to, and how large it may be.
struct send_way {
  const node_id& from;
  const node_id& to;
  /// The largest encoding that is taken there, if that is known.
  std::optional<std::size_t> max_message;
  /// What an encoding may take here while it waits, with `overhead`.
  std::size_t room = 0;
  std::size_t overhead = 0;
};

/// Whether a message may be sent that way, whatever waits already: the same for
/// engines of this node and of others. Errors, in the order in which they are
/// looked for: wrong_sender, wrong_target, bad_expiry, malformed, too_large,
/// expired.
/// @param encoded what became of its encoding.
/// @param limit see `deadline_of`.
/// @returns when it expires.
[[nodiscard]] expected<deadline, send_error>
check_send(const node_out_msg& msg,
           const expected<message_data, bare_error>& encoded,
           const send_way& way, timestamp now, time_limit limit = {});

} // namespace node_proxy::internal
