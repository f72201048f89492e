// What sets the channels of two nodes apart (PROTOCOL.md, "Channels").

#pragma once

#include <cstddef>
#include <functional>

#include <node_proxy/messages/identities.hpp>
#include <node_proxy/messages/transport_prefs.hpp>

namespace node_proxy::internal {

/// The engine at the receiver, and the sender's wish. It stays the same over
/// all connections.
struct channel_key {
  engine_name target;
  transport_ordering ordering = transport_ordering::ordered;

  friend bool operator==(const channel_key&, const channel_key&) = default;
};

} // namespace node_proxy::internal

template <>
struct std::hash<node_proxy::internal::channel_key> {
  std::size_t
  operator()(const node_proxy::internal::channel_key& key) const noexcept {
    auto result = std::hash<node_proxy::engine_name>{}(key.target);
    return key.ordering == node_proxy::transport_ordering::ordered ? result
                                                                   : ~result;
  }
};
