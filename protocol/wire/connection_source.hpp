// Where connections come from, as far as that tells strangers apart.

#pragma once

#include <compare>
#include <cstdint>

#include <node_proxy/messages/transport_address.hpp>

namespace node_proxy::internal {

/// What one stranger cannot easily have many of: an IPv4 address, or a network
/// of 2^64 IPv6 addresses (/64), which is what one customer gets at least. Of
/// those of one link, which share such a network, it is the interface.
struct connection_source {
  std::uint64_t value = 0;
  bool is_ipv6 = false;

  friend auto operator<=>(const connection_source&,
                          const connection_source&) = default;
};

/// Where whoever has this address comes from.
[[nodiscard]] connection_source source_of(const ip_address& ip);

} // namespace node_proxy::internal
