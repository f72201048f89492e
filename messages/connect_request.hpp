// Asking for a connection (arch.node.net.node_proxy_messages,
// NodeProxyMsgConnectRequest).

#pragma once

#include <cstdint>

#include <node_proxy/messages/identities.hpp>

namespace node_proxy {

/// `ConnectRequest`: requests a connection to a remote node, which may accept
/// or deny. The highest common version is chosen, or else the connection fails.
struct connect_request {
  /// Min. supported protocol version.
  std::uint64_t proto_ver_min = 0;
  /// Max. supported protocol version.
  std::uint64_t proto_ver_max = 0;
  node_id src_node_id;
  node_id dst_node_id;
  /// Latest `node_advert` version of the source node; 0 = none.
  std::uint64_t src_node_advert_ver = 0;
  /// Latest known `node_advert` version of the destination node; 0 = none.
  std::uint64_t dst_node_advert_ver = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(proto_ver_min), CEREAL_NVP(proto_ver_max),
            CEREAL_NVP(src_node_id), CEREAL_NVP(dst_node_id),
            CEREAL_NVP(src_node_advert_ver), CEREAL_NVP(dst_node_advert_ver));
  }

  friend bool operator==(const connect_request&,
                         const connect_request&) = default;
};

} // namespace node_proxy
