// Ranges of IP addresses, as operators write them.

#pragma once

#include <node_proxy/messages/transport_address.hpp>

namespace node_proxy {

/// All addresses that begin with the same bits (RFC 4632, RFC 4291, section
/// 2.3). What to do with one: <node_proxy/protocol/wire/address_range.hpp>.
struct ip_range {
  /// All bits behind the prefix are 0.
  ip_address first;
  /// How many bits they have in common: at most 32 or 128.
  unsigned prefix = 0;

  friend bool operator==(const ip_range&, const ip_range&) = default;
};

} // namespace node_proxy
