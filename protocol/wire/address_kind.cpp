#include <node_proxy/protocol/wire/address_kind.hpp>

#include <algorithm>
#include <span>

namespace node_proxy::internal {

namespace {

unsigned at(std::span<const std::byte> octets, std::size_t index) {
  return std::to_integer<unsigned>(octets[index]);
}

bool all_zero(std::span<const std::byte> octets) {
  return std::ranges::all_of(octets,
                             [](std::byte x) { return x == std::byte{0}; });
}

host_kind kind_of_v4(std::span<const std::byte, 4> ip) {
  auto first = at(ip, 0);
  auto second = at(ip, 1);
  // 0.0.0.0/8 is "this host on this network"; systems connect to themselves.
  if (first == 0)
    return host_kind::unspecified;
  if (first == 127)
    return host_kind::loopback;
  if (first == 169 && second == 254)
    return host_kind::link_local;
  if (first == 10 || (first == 172 && second >= 16 && second < 32)
      || (first == 192 && second == 168))
    return host_kind::private_network;
  if (first >= 224 && first < 240)
    return host_kind::multicast;
  if (std::ranges::all_of(ip, [](std::byte x) { return x == std::byte{255}; }))
    return host_kind::broadcast;
  return host_kind::global;
}

host_kind kind(const ipv4& ip) {
  return kind_of_v4(ip.octets);
}

/// IPv4-mapped addresses: RFC 4291, section 2.5.5.2.
bool is_mapped(const ipv6& ip) {
  std::span<const std::byte, 16> octets{ip.octets};
  return all_zero(octets.first(10)) && at(octets, 10) == 0xff
         && at(octets, 11) == 0xff;
}

host_kind kind(const ipv6& ip) {
  std::span<const std::byte, 16> octets{ip.octets};
  if (is_mapped(ip))
    return kind_of_v4(octets.last<4>());
  if (all_zero(octets))
    return host_kind::unspecified;
  if (all_zero(octets.first(15)) && at(octets, 15) == 1)
    return host_kind::loopback;
  if (at(octets, 0) == 0xfe && (at(octets, 1) & 0xc0) == 0x80)
    return host_kind::link_local;
  if ((at(octets, 0) & 0xfe) == 0xfc)
    return host_kind::private_network;
  if (at(octets, 0) == 0xff)
    return host_kind::multicast;
  return host_kind::global;
}

/// Nothing for a host alone.
std::optional<std::uint16_t> port_of(const transport_address& address) {
  return std::visit(
    [](const auto& x) -> std::optional<std::uint16_t> {
      if constexpr (requires { x.port; })
        return x.port;
      else if constexpr (requires { x.address.port; })
        return x.address.port;
      else
        return std::nullopt;
    },
    address);
}

std::uint32_t scope_of(const transport_address& address) {
  const auto* ip = std::get_if<ipv6>(&host_of(address));
  return ip != nullptr ? ip->scope : 0;
}

} // namespace

host_kind kind_of(const ip_address& ip) {
  return std::visit([](const auto& x) { return kind(x); }, ip);
}

const ip_address& host_of(const transport_address& address) {
  return std::visit(
    [](const auto& x) -> const ip_address& {
      if constexpr (requires { x.ip; })
        return x.ip;
      else
        return x.address.ip;
    },
    address);
}

std::optional<std::string_view>
objection_to_dial(const transport_address& address) {
  switch (kind_of(host_of(address))) {
  case host_kind::unspecified:
    return "means any address of a host; expected the address of one host";
  case host_kind::multicast:
  case host_kind::broadcast:
    return "means many hosts; expected the address of one host";
  default:
    break;
  }
  if (port_of(address) == 0)
    return "has port 0, which means any port; expected a port from 1 to 65535";
  return std::nullopt;
}

std::optional<std::string_view>
objection_to_advertise(const transport_address& address) {
  if (auto objection = objection_to_dial(address))
    return objection;
  if (scope_of(address) != 0)
    return "names an interface of this host, which means nothing to others; "
           "expected the address without it";
  return std::nullopt;
}

std::optional<std::string_view>
objection_to_listen(const transport_address& address) {
  const auto& host = host_of(address);
  auto kind = kind_of(host);
  if (kind == host_kind::multicast || kind == host_kind::broadcast)
    return "means many hosts; expected an address of this host";
  const auto* ip = std::get_if<ipv6>(&host);
  if (ip == nullptr)
    return std::nullopt;
  if (is_mapped(*ip))
    return "is an IPv4 address in the form of an IPv6 address; expected it in "
           "its own form, such as 127.0.0.1";
  if (kind == host_kind::link_local && ip->scope == 0)
    return "may belong to any interface; expected the interface behind the IP "
           "address, as in [fe80::1%2]";
  return std::nullopt;
}

} // namespace node_proxy::internal
