#include <node_proxy/protocol/address_kind.hpp>

#include <algorithm>
#include <span>

namespace node_proxy {

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

host_kind kind(const ipv6& ip) {
  std::span<const std::byte, 16> octets{ip.octets};
  auto is_mapped = all_zero(octets.first(10)) && at(octets, 10) == 0xff
                   && at(octets, 11) == 0xff;
  if (is_mapped)
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

bool can_be_dialled(const transport_address& address) {
  auto port = std::visit(
    [](const auto& x) -> unsigned {
      if constexpr (requires { x.port; })
        return x.port;
      else if constexpr (requires { x.address.port; })
        return x.address.port;
      else
        return 1;
    },
    address);
  auto host = kind_of(host_of(address));
  return port != 0 && host != host_kind::unspecified
         && host != host_kind::multicast && host != host_kind::broadcast;
}

} // namespace node_proxy
