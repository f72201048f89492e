// What can be told of an address by looking at it.

#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <node_proxy/messages/field.hpp>
#include <node_proxy/messages/transport_address.hpp>

namespace node_proxy {

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

template <>
inline constexpr std::array<std::string_view, 7> enum_names<host_kind>{
  "unspecified", "loopback",  "link_local", "private_network",
  "multicast",   "broadcast", "global"};

/// IPv6 addresses that stand for an IPv4 address (`::ffff:0:0/96`) are what
/// that one is.
[[nodiscard]] host_kind kind_of(const ip_address& ip);

/// Whether others can connect there: a port, and one host that is not just
/// "any". Addresses without a port (`ip_addr`) are hosts only.
[[nodiscard]] bool can_be_dialled(const transport_address& address);

/// The host of an address.
[[nodiscard]] const ip_address& host_of(const transport_address& address);

} // namespace node_proxy
