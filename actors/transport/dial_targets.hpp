// Where an address leads to on this host. No CAF in here.

#pragma once

#include <cstddef>
#include <vector>

#include <node_proxy/messages/transport_address.hpp>

namespace node_proxy::internal {

/// At most so many links are tried, as each costs a socket.
inline constexpr std::size_t max_dial_targets = 8;

/// Where to connect to reach `address`, in no order. That is the address itself
/// unless it is link-local and does not say on which link, which an advert
/// cannot: then it may be on the link of any interface that this host has at
/// the time (RFC 4007, section 6). Whoever answers has to prove who it is. None
/// if there is no such interface.
[[nodiscard]] std::vector<tcp_addr> dial_targets(const tcp_addr& address);

} // namespace node_proxy::internal
