// Answering a request for a connection (arch.node.net.node_proxy_messages,
// NodeProxyMsgConnectReply).

#pragma once

#include <cstdint>
#include <variant>

#include <node_proxy/messages/field.hpp>

namespace node_proxy {

/// `Pair Nat Nat` of `ConnectReplyOk`: versions of two node adverts, 0 = none.
struct node_advert_versions {
  /// The responder's own.
  std::uint64_t own = 0;
  /// The initiator's that the responder knows.
  std::uint64_t known = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(own), CEREAL_NVP(known));
  }

  friend bool operator==(const node_advert_versions&,
                         const node_advert_versions&) = default;
};

/// `ConnectReplyOk`: the connection is accepted.
struct connect_reply_ok {
  /// Protocol version to use.
  std::uint64_t proto_ver = 0;
  /// Latest local `node_advert` versions.
  node_advert_versions node_advert_ver;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(proto_ver), CEREAL_NVP(node_advert_ver));
  }

  friend bool operator==(const connect_reply_ok&,
                         const connect_reply_ok&) = default;
};

/// `ConnectReplyError`: the connection is refused.
enum class connect_reply_error : std::uint8_t {
  /// Node over capacity. Temporary failure.
  over_capacity,
  /// Incompatible protocol versions.
  incompatible,
  /// Connection denied by local policy.
  denied,
};

template <>
inline constexpr std::array<std::string_view, 3>
  enum_names<connect_reply_error>{"over_capacity", "incompatible", "denied"};

/// `ConnectReply = Result ConnectReplyOk ConnectReplyError`.
struct connect_reply {
  std::variant<connect_reply_ok, connect_reply_error> result;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(result));
  }

  friend bool operator==(const connect_reply&, const connect_reply&) = default;
};

} // namespace node_proxy
