// What strangers send to that keep a node busy.

#pragma once

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/caf/messages.hpp>
#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/node.hpp>
#include <node_proxy/messages/engine_msg.hpp>

namespace test {

/// Takes nothing.
inline caf::behavior stuck_engine(caf::event_based_actor* self) {
  node_proxy::internal::set_fallback(self, caf::skip);
  return {[](node_proxy::done) {
  }};
}

/// Sends back what it gets. It tells nobody what becomes of that.
inline caf::behavior echo_engine(caf::event_based_actor* self,
                                 node_proxy::router_actor router,
                                 node_proxy::node_id id) {
  return {[=](const node_proxy::engine_msg& msg) {
    node_proxy::node_out_msg out;
    out.expiry = node_proxy::rel_time{60};
    out.msg = {{id, "echo"}, msg.sender, {}, msg.msg};
    node_proxy::internal::send_message(self, router, std::move(out));
  }};
}

} // namespace test
