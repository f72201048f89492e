#include <node_proxy/protocol/wire/connection_source.hpp>

#include <cstddef>
#include <span>

#include <node_proxy/protocol/wire/address_kind.hpp>

namespace node_proxy::internal {

namespace {

std::uint64_t number_of(std::span<const std::byte> octets) {
  std::uint64_t result = 0;
  for (auto x : octets)
    result = result << 8 | std::to_integer<std::uint64_t>(x);
  return result;
}

} // namespace

connection_source source_of(const ip_address& ip) {
  if (const auto* x = std::get_if<ipv4>(&ip))
    return {number_of(x->octets), false};
  const auto& x = std::get<ipv6>(ip);
  std::span octets{x.octets};
  return {number_of(belongs_to_link(x) ? octets.last(8) : octets.first(8)),
          true};
}

} // namespace node_proxy::internal
