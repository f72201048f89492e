// Addresses as text, for people, command lines and logs. No name is looked up
// here.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <node_proxy/base/export.hpp>
#include <node_proxy/messages/transport_address.hpp>

namespace node_proxy {

/// `127.0.0.1`, or the IPv6 address in the canonical form of RFC 5952, `::1`.
[[nodiscard]] NODE_PROXY_EXPORT std::string to_string(const ip_address& ip);

/// `tcp://127.0.0.1:4000`, `tcp://host.name:4000`, `udp://[::1]:4000`; likewise
/// `quic://` and `tls://` (without the issuer of the certificate), and `ip://`
/// without a port.
[[nodiscard]] NODE_PROXY_EXPORT std::string
to_string(const transport_address& address);

/// Reads an IPv4 address (four decimal numbers without leading zeros) or an
/// IPv6 address (any form of RFC 4291, section 2.2). Behind a link-local one
/// the number of its interface may follow: `fe80::1%2` (RFC 4007, section 11).
[[nodiscard]] NODE_PROXY_EXPORT std::optional<ip_address>
parse_ip_address(std::string_view text);

/// Reads `tcp://HOST:PORT` or `udp://IP:PORT`. A host is an IPv4 address, an
/// IPv6 address in brackets, or a name (`is_host_name`, in either case of
/// letters). Port 0 is allowed: one can listen there.
/// @returns as error a sentence that names `text` and what was expected.
[[nodiscard]] NODE_PROXY_EXPORT tl::expected<transport_address, std::string>
parse_address(std::string_view text);

} // namespace node_proxy
