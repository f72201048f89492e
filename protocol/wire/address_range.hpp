// Ranges of addresses: what is in them, and as text.

#pragma once

#include <string>
#include <string_view>

#include <node_proxy/base/export.hpp>
#include <node_proxy/messages/field.hpp>
#include <node_proxy/messages/ip_range.hpp>
#include <node_proxy/messages/transport_address.hpp>

namespace node_proxy {

/// Whether `ip` is in the range. An IPv4-mapped IPv6 address is where its IPv4
/// address is; otherwise those of one family are in no range of the other.
[[nodiscard]] NODE_PROXY_EXPORT bool contains(const ip_range& range,
                                              const ip_address& ip);

/// Reads `IP/BITS`, such as `192.168.1.0/24` or `fd00::/8`; an address alone is
/// a range with nothing else in it.
/// @returns as error a sentence that names `text` and what was expected.
[[nodiscard]] NODE_PROXY_EXPORT tl::expected<ip_range, std::string>
parse_ip_range(std::string_view text);

/// The form that `parse_ip_range` reads, always with the bits.
[[nodiscard]] NODE_PROXY_EXPORT std::string to_string(const ip_range& range);

} // namespace node_proxy

namespace node_proxy::internal {

/// The range of all addresses that have their first `prefix` bits in common
/// with `ip`. An address that belongs to a link loses its interface.
[[nodiscard]] ip_range range_around(const ip_address& ip, unsigned prefix);

} // namespace node_proxy::internal
