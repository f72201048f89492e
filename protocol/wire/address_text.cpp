#include <node_proxy/protocol/wire/address_text.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <utility>

#include <arpa/inet.h>

#include <node_proxy/protocol/wire/address_kind.hpp>
#include <node_proxy/protocol/wire/decimal.hpp>

namespace node_proxy {

using namespace internal;

namespace {

/// Reads what `inet_pton` takes: it knows no octal and no hexadecimal numbers,
/// no leading zeros in decimal ones, and no address that is not complete.
template <class Octets>
bool parse_octets(int family, std::string_view text, Octets& octets) {
  // It ends where a zero is: what comes behind one would not be looked at.
  return text.find('\0') == std::string_view::npos
         && inet_pton(family, std::string{text}.c_str(), octets.data()) == 1;
}

std::optional<ipv4> parse_ipv4(std::string_view text) {
  ipv4 result;
  if (!parse_octets(AF_INET, text, result.octets))
    return std::nullopt;
  return result;
}

std::optional<ipv6> parse_ipv6(std::string_view text) {
  auto percent = text.find('%');
  auto has_scope = percent != std::string_view::npos;
  std::optional<std::uint32_t> scope = 0;
  if (has_scope)
    scope = parse_decimal(text.substr(percent + 1),
                          std::numeric_limits<std::uint32_t>::max());
  // Number 0 is no interface.
  if (!scope || (has_scope && *scope == 0))
    return std::nullopt;
  ipv6 result;
  result.scope = *scope;
  if (!parse_octets(AF_INET6, text.substr(0, percent), result.octets))
    return std::nullopt;
  // Others belong to the whole host.
  if (has_scope && !belongs_to_link(result))
    return std::nullopt;
  return result;
}

template <class Octets>
std::string format_octets(int family, const Octets& octets) {
  std::array<char, INET6_ADDRSTRLEN> text;
  return inet_ntop(family, octets.data(), text.data(), text.size());
}

std::string format(const ipv4& ip) {
  return format_octets(AF_INET, ip.octets);
}

/// Whether the last four octets make up an IPv4 address of old, `::1.2.3.4`.
bool is_ipv4_compatible(const ipv6& ip) {
  auto is_zero = [](std::byte x) {
    return x == std::byte{};
  };
  return std::all_of(ip.octets.begin(), ip.octets.begin() + 12, is_zero)
         && !std::all_of(ip.octets.begin() + 12, ip.octets.begin() + 14,
                         is_zero);
}

std::string format(ipv6 ip) {
  // Of such an address RFC 5952, section 5, wants hexadecimal groups, as nobody
  // knows that an IPv4 address is in it. That is what `inet_ntop` writes of one
  // that begins with 1.
  auto hide = is_ipv4_compatible(ip);
  if (hide)
    ip.octets[1] = std::byte{1};
  auto result = format_octets(AF_INET6, ip.octets).substr(hide ? 1 : 0);
  if (ip.scope != 0)
    result += '%' + std::to_string(ip.scope);
  return result;
}

std::string with_port(std::string_view scheme, const ip_address& ip,
                      std::uint16_t port) {
  auto host = to_string(ip);
  if (std::holds_alternative<ipv6>(ip))
    host = '[' + host + ']';
  return std::string{scheme} + host + ':' + std::to_string(port);
}

struct formatter {
  std::string operator()(const quic_addr& x) const {
    return with_port("quic://", x.address.ip, x.address.port);
  }
  std::string operator()(const tls_addr& x) const {
    return with_port("tls://", x.address.ip, x.address.port);
  }
  std::string operator()(const ip_addr& x) const {
    return "ip://" + to_string(x.ip);
  }
  std::string operator()(const tcp_addr& x) const {
    return with_port("tcp://", x.ip, x.port);
  }
  std::string operator()(const udp_addr& x) const {
    return with_port("udp://", x.ip, x.port);
  }
  std::string operator()(const dns_addr& x) const {
    return "tcp://" + x.name + ':' + std::to_string(x.port);
  }
};

/// Names are the same in both cases of letters (RFC 4343).
std::string in_lower_case(std::string_view text) {
  std::string result{text};
  for (auto& x : result)
    if (x >= 'A' && x <= 'Z')
      x = static_cast<char>(x - 'A' + 'a');
  return result;
}

/// The host of "HOST:PORT": a plain IPv4 address or an IPv6 one in brackets.
std::optional<ip_address> parse_host(std::string_view host) {
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') {
    if (auto ip = parse_ipv6(host.substr(1, host.size() - 2)))
      return *ip;
  } else if (auto ip = parse_ipv4(host)) {
    return *ip;
  }
  return std::nullopt;
}

} // namespace

std::string to_string(const ip_address& ip) {
  return std::visit([](const auto& x) { return format(x); }, ip);
}

std::string to_string(const transport_address& address) {
  return std::visit(formatter{}, address);
}

std::optional<ip_address> parse_ip_address(std::string_view text) {
  if (auto ip = parse_ipv4(text))
    return *ip;
  if (auto ip = parse_ipv6(text))
    return *ip;
  return std::nullopt;
}

tl::expected<transport_address, std::string>
parse_address(std::string_view text) {
  auto wrong = [text](std::string_view what) {
    return tl::unexpected{"bad address '" + std::string{text} + "': expected "
                          + std::string{what}};
  };
  auto scheme = text.substr(0, 6);
  if (scheme != "tcp://" && scheme != "udp://")
    return wrong("tcp://HOST:PORT or udp://IP:PORT");
  auto is_tcp = scheme == "tcp://";
  auto rest = text.substr(scheme.size());
  auto colon = rest.rfind(':');
  auto ip = parse_host(rest.substr(0, colon));
  auto name = is_tcp && !ip ? in_lower_case(rest.substr(0, colon)) : "";
  if (!ip && !is_host_name(name))
    return wrong(is_tcp ? "an IPv4 address, an IPv6 address in brackets, or "
                          "the name of a host, then a colon and a port"
                        : "an IPv4 address, or an IPv6 address in brackets, "
                          "then a colon and a port");
  auto digits = colon < rest.size() ? rest.substr(colon + 1) : "";
  auto port = parse_decimal(digits, std::numeric_limits<std::uint16_t>::max());
  if (!port)
    return wrong("a colon and a port from 0 to 65535 after the host");
  auto number = static_cast<std::uint16_t>(*port);
  if (!ip)
    return dns_addr{std::move(name), number};
  if (is_tcp)
    return tcp_addr{*ip, number};
  return udp_addr{*ip, number};
}

} // namespace node_proxy
