// Messages of the Router engine (arch.node.net.router_types).

#pragma once

#include <variant>

#include <node_proxy/messages/node_advert.hpp>
#include <node_proxy/messages/node_out_msg.hpp>

namespace node_proxy {

/// `NodeConnectRequest`: asks the Router for a connection to a node.
struct node_connect_request {
  node_id id;
  /// Whether the connection is to be kept up.
  bool permanent = false;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::make_nvp("node_id", id), CEREAL_NVP(permanent));
  }

  friend bool operator==(const node_connect_request&,
                         const node_connect_request&) = default;
};

/// What became of a `node_connect_request`.
enum class node_connect_result : std::uint8_t {
  /// A Node Proxy serves that node.
  ok,
  /// No advert of that node is known.
  unknown,
  /// Denied by local policy.
  denied,
};

template <>
inline constexpr std::array<std::string_view, 3>
  enum_names<node_connect_result>{"ok", "unknown", "denied"};

/// `NodeConnectReply = Ok | Unknown | Denied`.
struct node_connect_reply {
  node_connect_result result = node_connect_result::ok;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(result));
  }

  friend bool operator==(const node_connect_reply&,
                         const node_connect_reply&) = default;
};

/// `RouterMsg M`. The topic messages wait for the publish/subscribe engine,
/// their tags are kept free.
using router_msg = std::variant<node_out_msg,    // NodeSend
                                reserved_tag<1>, // TopicForward
                                node_connect_request, node_advert,
                                reserved_tag<4>>; // TopicAdvert

} // namespace node_proxy
