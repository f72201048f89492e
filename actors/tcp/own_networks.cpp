#include <node_proxy/actors/tcp/own_networks.hpp>

#include <bit>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

#include <ifaddrs.h>
#include <netinet/in.h>

#include <node_proxy/actors/tcp/tcp_socket.hpp>
#include <node_proxy/protocol/wire/address_range.hpp>

namespace node_proxy::internal {

namespace {

// Wider than that is a way to everywhere, as of a tunnel.
constexpr unsigned min_prefix_ipv4 = 8;
constexpr unsigned min_prefix_ipv6 = 32;

std::optional<ip_address> read(const sockaddr* x) {
  if (x == nullptr)
    return std::nullopt;
  return ip_of(*x, x->sa_family == AF_INET6 ? sizeof(sockaddr_in6)
                                            : sizeof(sockaddr_in));
}

unsigned bits_set(const ip_address& mask) {
  unsigned result = 0;
  std::visit(
    [&result](const auto& x) {
      for (auto octet : x.octets)
        result += static_cast<unsigned>(
          std::popcount(std::to_integer<std::uint8_t>(octet)));
    },
    mask);
  return result;
}

ip_range network_of(const ip_address& ip,
                    const std::optional<ip_address>& mask) {
  auto is_ipv4 = std::holds_alternative<ipv4>(ip);
  auto all = is_ipv4 ? 32u : 128u;
  auto prefix = mask ? bits_set(*mask) : all;
  auto is_link = prefix >= (is_ipv4 ? min_prefix_ipv4 : min_prefix_ipv6);
  return range_around(ip, is_link ? prefix : all);
}

} // namespace

std::vector<ip_range> own_networks() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0)
    return {};
  std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> all{first, ::freeifaddrs};
  std::vector<ip_range> result;
  for (const auto* x = first; x != nullptr; x = x->ifa_next)
    if (auto ip = read(x->ifa_addr))
      result.push_back(network_of(*ip, read(x->ifa_netmask)));
  return result;
}

} // namespace node_proxy::internal
