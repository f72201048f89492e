// Messages between nodes (arch.node.net.node_proxy_messages, NodeProxyMsgRecv).

#pragma once

#include <cstdint>

#include <node_proxy/messages/serialized_msg.hpp>

namespace node_proxy {

/// `NodeMsg`: a message sent between nodes.
struct node_msg {
  /// Message sequence number of the sender; below `limits::sequence_end`.
  std::uint64_t seq = 0;
  /// Encrypted `serialized_msg` that contains an `engine_msg`. This protocol
  /// seals one or more of them, or a part of one, in each `node_msg`.
  encrypted_msg msg;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(seq), CEREAL_NVP(msg));
  }

  friend bool operator==(const node_msg&, const node_msg&) = default;
};

} // namespace node_proxy
