// Keeping a connection (arch.node.net.node_proxy_messages,
// NodeProxyMsgSetPermanence).

#pragma once

#include <node_proxy/messages/field.hpp>

namespace node_proxy {

/// `ConnectionPermanence`: whether the connection to a node is kept up.
enum class connection_permanence : std::uint8_t {
  /// Dialled when there is something to send, closed when idle.
  ephemeral,
  /// Dialled at once and again after each loss, for ever.
  permanent,
};

template <>
inline constexpr std::array<std::string_view, 2>
  enum_names<connection_permanence>{"ephemeral", "permanent"};

} // namespace node_proxy
