#include <node_proxy/protocol/wire/address_kind.hpp>

#include <algorithm>
#include <array>
#include <iterator>
#include <span>

namespace node_proxy::internal {

namespace {

/// All addresses that begin with so many bits of these octets.
template <std::size_t N>
struct block {
  std::array<std::uint8_t, N> octets;
  unsigned bits;
  host_kind kind;
};

template <std::size_t N>
bool contains(const block<N>& x, std::span<const std::byte> ip) {
  for (unsigned i = 0; i < x.bits; ++i) {
    auto bit = 0x80u >> (i % 8);
    if ((std::to_integer<unsigned>(ip[i / 8]) & bit)
        != (i / 8 < N ? x.octets[i / 8] & bit : 0u))
      return false;
  }
  return true;
}

template <class Blocks>
std::optional<host_kind> find_kind(const Blocks& blocks,
                                   std::span<const std::byte> ip) {
  auto found = std::ranges::find_if(
    blocks, [ip](const auto& x) { return contains(x, ip); });
  if (found == std::end(blocks))
    return std::nullopt;
  return found->kind;
}

using enum host_kind;

/// The first block that an address is in says what it is. What the registry
/// calls globally reachable is not listed, but for the addresses of services
/// (192.0.0.9 and 192.0.0.10) at which the nearest router answers.
constexpr block<4> v4_blocks[] = {
  {{0}, 8, unspecified}, // "this network": systems connect to themselves
  {{10}, 8, private_network},
  {{100, 64}, 10, private_network}, // shared by customers of a provider
  {{127}, 8, loopback},
  {{169, 254}, 16, link_local},
  {{172, 16}, 12, private_network},
  {{192, 0, 0}, 24, reserved}, // protocol assignments
  {{192, 0, 2}, 24, documentation},
  {{192, 88, 99}, 24, reserved}, // relays of 6to4, which are no more
  {{192, 168}, 16, private_network},
  {{198, 18}, 15, reserved}, // benchmarks of network devices
  {{198, 51, 100}, 24, documentation},
  {{203, 0, 113}, 24, documentation},
  {{224}, 4, multicast},
  {{255, 255, 255, 255}, 32, broadcast},
  {{240}, 4, reserved},
};

/// The same for those without an IPv4 address in them. Global ones are in
/// 2000::/3 alone (RFC 4291, section 2.4, and the registry of IPv6 addresses).
constexpr block<6> v6_blocks[] = {
  {{0xfe, 0x80}, 10, link_local},
  {{0xfe, 0xc0}, 10, private_network}, // "site-local" until RFC 3879
  {{0xfc}, 7, private_network},
  {{0xff}, 8, multicast},
  {{0x20, 0x01, 0, 0x03}, 32, global},             // AMT
  {{0x20, 0x01, 0, 0x04, 0x01, 0x12}, 48, global}, // AS112
  {{0x20, 0x01, 0, 0x20}, 28, global},             // ORCHIDv2
  {{0x20, 0x01, 0, 0x30}, 28, global},             // tags of drones
  {{0x20, 0x01}, 23, reserved}, // protocol assignments, Teredo among them
  {{0x20, 0x01, 0x0d, 0xb8}, 32, documentation},
  {{0x3f, 0xff}, 20, documentation},
  {{0x20}, 3, global},
};

/// Where an IPv6 address has an IPv4 address in it.
struct embedding {
  std::array<std::uint8_t, 12> octets;
  unsigned bits;
  std::size_t place; // of the first octet of the IPv4 address
  /// What it is at best.
  host_kind best = global;
};

constexpr embedding embeddings[] = {
  {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, 12},     // IPv4-mapped
  {{0x20, 0x02}, 16, 2},                                    // 6to4
  {{0, 0x64, 0xff, 0x9b}, 96, 12},                          // NAT64
  {{0, 0x64, 0xff, 0x9b, 0, 1}, 48, 12, private_network},   // of a network
  {{0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, 12, reserved}, // IPv4-translated
  {{}, 96, 12, reserved},                                   // IPv4-compatible
};

constexpr ipv6 with_last_octet(unsigned x) {
  ipv6 result;
  result.octets.back() = std::byte(x);
  return result;
}

bool is_mapped(const ipv6& ip) {
  const auto& x = embeddings[0];
  return contains(block<12>{x.octets, x.bits, x.best}, ip.octets);
}

host_kind kind(const ipv4& ip) {
  return find_kind(v4_blocks, ip.octets).value_or(global);
}

host_kind kind(const ipv6& ip) {
  std::span<const std::byte, 16> octets{ip.octets};
  if (ip.octets == ipv6{}.octets)
    return unspecified;
  if (ip.octets == with_last_octet(1).octets)
    return loopback;
  for (const auto& x : embeddings) {
    if (!contains(block<12>{x.octets, x.bits, x.best}, octets))
      continue;
    ipv4 inner;
    std::ranges::copy(octets.subspan(x.place, 4), inner.octets.begin());
    auto result = kind(inner);
    return result == global ? x.best : result;
  }
  return find_kind(v6_blocks, octets).value_or(reserved);
}

std::uint32_t scope_of(const transport_address& address) {
  const auto* host = host_of(address);
  const auto* ip = host != nullptr ? std::get_if<ipv6>(host) : nullptr;
  return ip != nullptr ? ip->scope : 0;
}

std::optional<std::string_view> objection_to_host(const ip_address& host) {
  switch (kind_of(host)) {
  case host_kind::unspecified:
    return "means any address of a host; expected the address of one host";
  case host_kind::multicast:
  case host_kind::broadcast:
    return "means many hosts; expected the address of one host";
  default:
    return std::nullopt;
  }
}

} // namespace

host_kind kind_of(const ip_address& ip) {
  return std::visit([](const auto& x) { return kind(x); }, ip);
}

const ip_address* host_of(const transport_address& address) {
  return std::visit(
    [](const auto& x) -> const ip_address* {
      if constexpr (requires { x.ip; })
        return &x.ip;
      else if constexpr (requires { x.address.ip; })
        return &x.address.ip;
      else
        return nullptr;
    },
    address);
}

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

bool belongs_to_link(const ipv6& ip) {
  return find_kind(v6_blocks, ip.octets) == link_local;
}

ip_address canonical(const ip_address& ip) {
  const auto* long_one = std::get_if<ipv6>(&ip);
  if (long_one == nullptr || !is_mapped(*long_one))
    return ip;
  ipv4 result;
  std::ranges::copy(std::span{long_one->octets}.last<4>(),
                    result.octets.begin());
  return result;
}

transport_address canonical(transport_address address) {
  std::visit(
    [](auto& x) {
      if constexpr (requires { x.ip; })
        x.ip = canonical(x.ip);
      else if constexpr (requires { x.address.ip; })
        x.address.ip = canonical(x.address.ip);
    },
    address);
  return address;
}

std::optional<std::string_view>
objection_to_dial(const transport_address& address) {
  if (const auto* host = host_of(address))
    if (auto objection = objection_to_host(*host))
      return objection;
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
  const auto* host = host_of(address);
  if (host == nullptr)
    return "is the name of a host, which may change its addresses; expected an "
           "IP address of this host";
  auto kind = kind_of(*host);
  if (kind == host_kind::multicast || kind == host_kind::broadcast)
    return "means many hosts; expected an address of this host";
  const auto* ip = std::get_if<ipv6>(host);
  if (ip == nullptr)
    return std::nullopt;
  if (is_mapped(*ip))
    return "is an IPv4 address in the form of an IPv6 address; expected it in "
           "its own form, such as 127.0.0.1";
  if (belongs_to_link(*ip) && ip->scope == 0)
    return "may belong to any interface; expected the interface behind the IP "
           "address, as in [fe80::1%2]";
  return std::nullopt;
}

} // namespace node_proxy::internal
