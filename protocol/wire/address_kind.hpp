// What can be told of an address by looking at it.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include <node_proxy/messages/field.hpp>
#include <node_proxy/messages/transport_address.hpp>

namespace node_proxy::internal {

/// Which hosts an address stands for, after the registries of special-purpose
/// addresses (RFC 6890, https://www.iana.org/assignments/
/// iana-ipv4-special-registry and iana-ipv6-special-registry).
enum class host_kind : std::uint8_t {
  /// Any address of this host: one can listen there, and nothing else.
  unspecified,
  /// This host, seen from itself.
  loopback,
  /// A host on the same link.
  link_local,
  /// A host in a private network (RFC 1918, RFC 4193, RFC 6598, RFC 8215).
  private_network,
  /// Many hosts.
  multicast,
  broadcast,
  /// Nobody: such addresses stand in books (RFC 5737, RFC 3849, RFC 9637).
  documentation,
  /// It has another purpose than to be the address of a host, or none yet.
  reserved,
  /// One host of the Internet, as far as the address tells.
  global,
};

/// IPv6 addresses that have an IPv4 address in them, and lead to it or once
/// did, are what that one is: IPv4-mapped (`::ffff:0:0/96`), 6to4 (`2002::/16`)
/// and NAT64 (`64:ff9b::/96`). The forms that lead nowhere any more (`::/96`
/// and
/// `::ffff:0:0:0/96`) and those of local translators (`64:ff9b:1::/48`) are not
/// global.
[[nodiscard]] host_kind kind_of(const ip_address& ip);

/// Whether it means something on one link only, so that it takes an interface
/// to use it (RFC 4007).
[[nodiscard]] bool belongs_to_link(const ipv6& ip);

/// The form in which systems connect: the IPv4 address for an IPv4-mapped one.
[[nodiscard]] ip_address canonical(const ip_address& ip);
[[nodiscard]] transport_address canonical(transport_address address);

/// The host of an address; nullptr for a name, which stands for any.
[[nodiscard]] const ip_address* host_of(const transport_address& address);

/// Its port; nothing for a host alone.
[[nodiscard]] std::optional<std::uint16_t>
port_of(const transport_address& address);

/// What keeps anybody from connecting to an address, to be put behind it: it is
/// not that of one host, or its port is 0. Addresses without a port (`ip_addr`)
/// are judged by their host alone, names by their port.
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
inline constexpr std::array<std::string_view, 9>
  enum_names<internal::host_kind>{"unspecified",     "loopback",  "link_local",
                                  "private_network", "multicast", "broadcast",
                                  "documentation",   "reserved",  "global"};

} // namespace node_proxy
