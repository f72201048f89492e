// Outgoing messages (arch.node.net.node_proxy_messages, NodeProxyMsgSend).

#pragma once

#include <node_proxy/messages/basics.hpp>
#include <node_proxy/messages/engine_msg.hpp>
#include <node_proxy/messages/transport_prefs.hpp>

namespace node_proxy {

/// `NodeOutMsg M`: a message of a local engine to the remote node that
/// `msg.target.node` names.
struct node_out_msg {
  transport_prefs prefs;
  /// Until when sending is retried; at most `limits::expiry_seconds` ahead.
  expiry_time expiry;
  engine_msg msg;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(prefs), CEREAL_NVP(expiry), CEREAL_NVP(msg));
  }

  friend bool operator==(const node_out_msg&, const node_out_msg&) = default;
};

} // namespace node_proxy
