// What a sender gets whose message goes nowhere.

#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/engines/unanswered_failures.hpp>
#include <node_proxy/actors/error.hpp>
#include <node_proxy/actors/log/node_log.hpp>

namespace node_proxy::internal {

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
