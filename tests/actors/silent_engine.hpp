// An engine that does not get on with its messages.

#pragma once

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/caf/messages.hpp>
#include <node_proxy/actors/exchange_messages.hpp>
#include <node_proxy/messages/engine_msg.hpp>

namespace test {

/// Skips all messages until it is told to take them. Each time that it sees one
/// it tells `to`.
inline caf::behavior silent_engine(caf::event_based_actor* self,
                                   const caf::actor& to) {
  self->set_default_handler(caf::scheduled_actor::default_handler{
    [to](caf::scheduled_actor* whom,
         auto& content) -> decltype(caf::drop(whom, content)) {
      caf::anon_send(to, node_proxy::done{});
      return caf::skip;
    }});
  return {[self](node_proxy::done) {
    self->become([](const node_proxy::engine_msg&) {});
  }};
}

} // namespace test
