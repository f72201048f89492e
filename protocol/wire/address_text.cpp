#include <node_proxy/protocol/wire/address_text.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include <node_proxy/protocol/wire/address_kind.hpp>

namespace node_proxy {

using namespace internal;

namespace {

using groups = std::array<std::uint16_t, 8>;

template <class T>
std::optional<T> parse_number(std::string_view text, std::size_t max_digits,
                              int base = 10) {
  if (text.empty() || text.size() > max_digits)
    return std::nullopt;
  std::uint32_t value = 0;
  auto end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc{} || rest != end
      || value > std::numeric_limits<T>::max())
    return std::nullopt;
  return static_cast<T>(value);
}

bool has_leading_zero(std::string_view digits) {
  return digits.size() > 1 && digits.front() == '0';
}

std::optional<ipv4> parse_ipv4(std::string_view text) {
  ipv4 result;
  for (std::size_t i = 0; i < result.octets.size(); ++i) {
    auto last = i + 1 == result.octets.size();
    auto part = last ? text : text.substr(0, text.find('.'));
    auto value = parse_number<std::uint8_t>(part, 3);
    if (!value || has_leading_zero(part))
      return std::nullopt;
    result.octets[i] = static_cast<std::byte>(*value);
    text.remove_prefix(std::min(part.size() + 1, text.size()));
  }
  return result;
}

/// Groups of an IPv6 address between its ends and "::".
struct group_list {
  groups values{};
  std::size_t count = 0;

  [[nodiscard]] bool add(std::uint16_t value) {
    if (count == values.size())
      return false;
    values[count++] = value;
    return true;
  }
};

/// Adds the last 32 bits of an IPv6 address, written as an IPv4 address.
bool add_ipv4(group_list& list, std::string_view text) {
  auto ip = parse_ipv4(text);
  if (!ip)
    return false;
  auto pair = [&ip](std::size_t i) {
    return static_cast<std::uint16_t>(
      std::to_integer<unsigned>(ip->octets[i]) << 8
      | std::to_integer<unsigned>(ip->octets[i + 1]));
  };
  return list.add(pair(0)) && list.add(pair(2));
}

std::optional<group_list> parse_groups(std::string_view text, bool at_end) {
  group_list result;
  while (!text.empty()) {
    auto colon = text.find(':');
    auto last = colon == std::string_view::npos;
    auto part = text.substr(0, colon);
    if (last && at_end && part.find('.') != std::string_view::npos) {
      if (!add_ipv4(result, part))
        return std::nullopt;
    } else {
      auto value = parse_number<std::uint16_t>(part, 4, 16);
      if (!value || !result.add(*value))
        return std::nullopt;
    }
    if (last)
      break;
    text.remove_prefix(colon + 1);
    if (text.empty()) // a single colon at the end
      return std::nullopt;
  }
  return result;
}

std::optional<ipv6> parse_ipv6(std::string_view text) {
  auto percent = text.find('%');
  auto has_scope = percent != std::string_view::npos;
  std::optional<std::uint32_t> scope = 0;
  if (has_scope)
    scope = parse_number<std::uint32_t>(text.substr(percent + 1), 9);
  // Number 0 is no interface.
  if (!scope || (has_scope && *scope == 0))
    return std::nullopt;
  text = text.substr(0, percent);
  auto gap = text.find("::");
  auto has_gap = gap != std::string_view::npos;
  auto head = parse_groups(text.substr(0, gap), !has_gap);
  auto tail = parse_groups(has_gap ? text.substr(gap + 2) : "", true);
  if (!head || !tail)
    return std::nullopt;
  auto count = head->count + tail->count;
  if (has_gap ? count > 7 : count != 8)
    return std::nullopt;
  groups all{};
  std::copy_n(head->values.begin(), head->count, all.begin());
  std::copy_n(tail->values.begin(), tail->count, all.end() - tail->count);
  ipv6 result;
  result.scope = *scope;
  for (std::size_t i = 0; i < all.size(); ++i) {
    result.octets[2 * i] = static_cast<std::byte>(all[i] >> 8);
    result.octets[2 * i + 1] = static_cast<std::byte>(all[i]);
  }
  // Others belong to the whole host.
  if (has_scope && kind_of(result) != host_kind::link_local)
    return std::nullopt;
  return result;
}

std::string dotted(const std::byte* octets) {
  std::string result;
  for (std::size_t i = 0; i < 4; ++i) {
    if (i > 0)
      result += '.';
    result += std::to_string(std::to_integer<unsigned>(octets[i]));
  }
  return result;
}

/// Start and length of what "::" stands for: the first of the longest runs of
/// at least two zero groups (RFC 5952, section 4.2).
std::pair<std::size_t, std::size_t> zero_run(const groups& all) {
  std::pair<std::size_t, std::size_t> best{0, 0};
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto end = std::find_if(all.begin() + i, all.end(),
                            [](auto group) { return group != 0; });
    auto length = static_cast<std::size_t>(end - all.begin()) - i;
    if (length > 1 && length > best.second)
      best = {i, length};
  }
  return best;
}

std::string hex_group(std::uint16_t group) {
  std::array<char, 4> digits;
  auto end =
    std::to_chars(digits.data(), digits.data() + digits.size(), group, 16);
  return {digits.data(), end.ptr};
}

std::string format(const ipv4& ip) {
  return dotted(ip.octets.data());
}

std::string format_octets(const ipv6& ip) {
  groups all;
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] = static_cast<std::uint16_t>(
      std::to_integer<unsigned>(ip.octets[2 * i]) << 8
      | std::to_integer<unsigned>(ip.octets[2 * i + 1]));
  // IPv4-mapped addresses: RFC 5952, section 5.
  if (all[5] == 0xFFFF
      && zero_run(all) == std::pair<std::size_t, std::size_t>{0, 5})
    return "::ffff:" + dotted(&ip.octets[12]);
  auto [start, length] = zero_run(all);
  std::string result;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (length > 0 && i == start) {
      result += "::";
      i += length - 1;
      continue;
    }
    if (!result.empty() && result.back() != ':')
      result += ':';
    result += hex_group(all[i]);
  }
  return result;
}

std::string format(const ipv6& ip) {
  auto result = format_octets(ip);
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
};

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

expected<transport_address, std::string> parse_address(std::string_view text) {
  auto wrong = [text](std::string_view what) {
    return unexpected{"bad address '" + std::string{text} + "': expected "
                      + std::string{what}};
  };
  auto scheme = text.substr(0, 6);
  if (scheme != "tcp://" && scheme != "udp://")
    return wrong("tcp://IP:PORT or udp://IP:PORT");
  auto rest = text.substr(scheme.size());
  auto colon = rest.rfind(':');
  auto ip = parse_host(rest.substr(0, colon));
  if (!ip)
    return wrong("a numeric IPv4 address, or an IPv6 address in brackets, "
                 "then a colon and a port");
  auto digits = colon < rest.size() ? rest.substr(colon + 1) : "";
  auto port = parse_number<std::uint16_t>(digits, 5);
  if (!port || has_leading_zero(digits))
    return wrong("a colon and a port from 0 to 65535 after the IP address");
  if (scheme == "tcp://")
    return tcp_addr{*ip, *port};
  return udp_addr{*ip, *port};
}

} // namespace node_proxy
