#include <node_proxy/protocol/wire/address_range.hpp>

#include <optional>
#include <span>

#include <node_proxy/protocol/wire/address_kind.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>
#include <node_proxy/protocol/wire/decimal.hpp>

namespace node_proxy {

using namespace internal;

namespace {

std::span<std::byte> octets_of(ip_address& ip) {
  return std::visit([](auto& x) { return std::span<std::byte>{x.octets}; }, ip);
}

unsigned bits_of(const ip_address& ip) {
  return std::holds_alternative<ipv4>(ip) ? 32 : 128;
}

/// The first address of the range of this size that `ip` is in.
ip_address without_rest(ip_address ip, unsigned prefix) {
  auto octets = octets_of(ip);
  for (auto& x : octets) {
    auto kept = prefix < 8 ? prefix : 8;
    x &= std::byte(0xff00u >> kept);
    prefix -= kept;
  }
  if (auto* long_one = std::get_if<ipv6>(&ip))
    long_one->scope = 0;
  return ip;
}

} // namespace

bool contains(const ip_range& range, const ip_address& ip) {
  auto plain = canonical(ip);
  return plain.index() == range.first.index()
         && without_rest(plain, range.prefix) == range.first;
}

tl::expected<ip_range, std::string> parse_ip_range(std::string_view text) {
  auto wrong = [text](const std::string& what) {
    return tl::unexpected{"bad range '" + std::string{text} + "': expected "
                          + what};
  };
  auto slash = text.find('/');
  auto ip = text.find('%') == std::string_view::npos
              ? parse_ip_address(text.substr(0, slash))
              : std::nullopt;
  if (!ip)
    return wrong("an IP address and a number of bits, such as 192.168.1.0/24");
  if (canonical(*ip) != *ip)
    return wrong("the IPv4 address in its own form, such as 192.168.1.0/24");
  auto max = bits_of(*ip);
  auto prefix = slash == std::string_view::npos
                  ? max
                  : parse_decimal(text.substr(slash + 1), max);
  if (!prefix)
    return wrong("a number of bits from 0 to " + std::to_string(max)
                 + " behind the slash");
  ip_range result{without_rest(*ip, *prefix), *prefix};
  if (result.first != *ip)
    return wrong(to_string(result) + ", where the bits that differ are 0");
  return result;
}

std::string to_string(const ip_range& range) {
  return to_string(range.first) + '/' + std::to_string(range.prefix);
}

} // namespace node_proxy

namespace node_proxy::internal {

ip_range range_around(const ip_address& ip, unsigned prefix) {
  return {without_rest(ip, prefix), prefix};
}

} // namespace node_proxy::internal
