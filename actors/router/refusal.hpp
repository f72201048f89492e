// What a sender gets whose message goes nowhere.

#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/engines/unanswered_failures.hpp>
#include <node_proxy/actors/error.hpp>
#include <node_proxy/actors/log/node_log.hpp>
#include <node_proxy/base/hex.hpp>
#include <node_proxy/messages/identities.hpp>
#include <node_proxy/protocol/delivery/send_error.hpp>

namespace node_proxy::internal {

/// What keeps this node from talking to another one, in words.
/// @param allowed by the policy of this node.
inline std::string words_about(const node_id& id, send_error error,
                               bool allowed) {
  auto result = to_hex(id.data);
  if (error == send_error::denied)
    result += allowed ? ": another node with the same key is served"
                      : ": the policy of this node denies it";
  if (error == send_error::unknown_node)
    result += ": no advert of it is known";
  return result;
}

/// An error, if the message at hand is a request. Otherwise nothing, as an
/// error would end the sender: its messages are counted.
template <class R, class Self>
caf::result<R> refuse(Self* self, unanswered_failures& unanswered, errc code,
                      std::string context, std::uint64_t messages = 1) {
  if (is_request(self))
    return make_error(code, std::move(context));
  unanswered.add(code, messages);
  return promise<R>{};
}

/// The same for what is no message to an engine: the log has it then.
template <class R, class Self>
caf::result<R> refuse(Self* self, const node_log& log, caf::error error) {
  if (is_request(self))
    return error;
  log.warn("{}", describe(error));
  return promise<R>{};
}

} // namespace node_proxy::internal
