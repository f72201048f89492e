// What can be told of an address by looking at it.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include <node_proxy/messages/field.hpp>
#include <node_proxy/messages/transport_address.hpp>

namespace node_proxy::internal {

/// Which hosts an address stands for (registries of special-purpose addresses,
/// RFC 6890).
enum class host_kind : std::uint8_t {
  /// Any address of this host: one can listen there, and nothing else.
  unspecified,
  /// This host, seen from itself.
  loopback,
  /// A host on the same link.
  link_local,
  /// A host in a private network (RFC 1918, RFC 4193).
  private_network,
  /// Many hosts.
  multicast,
  broadcast,
  /// One host of the Internet, as far as the address tells.
  global,
};

/// IPv6 addresses that stand for an IPv4 address (`::ffff:0:0/96`) are what
/// that one is.
[[nodiscard]] host_kind kind_of(const ip_address& ip);

/// The host of an address.
[[nodiscard]] const ip_address& host_of(const transport_address& address);

/// What keeps anybody from connecting to an address, to be put behind it: it is
/// not that of one host, or its port is 0. Addresses without a port (`ip_addr`)
/// are judged by their host alone.
[[nodiscard]] std::optional<std::string_view>
objection_to_dial(const transport_address& address);

/// What keeps a node from naming an address to others.
[[nodiscard]] std::optional<std::string_view>
objection_to_advertise(const transport_address& address);

/// What keeps any host from listening at an address.
[[nodiscard]] std::optional<std::string_view>
objection_to_listen(const transport_address& address);

} // namespace node_proxy::internal

namespace node_proxy {

template <>
inline constexpr std::array<std::string_view, 7>
  enum_names<internal::host_kind>{"unspecified",     "loopback",  "link_local",
                                  "private_network", "multicast", "broadcast",
                                  "global"};

} // namespace node_proxy
