// Where this host is.

#pragma once

#include <vector>

#include <node_proxy/messages/ip_range.hpp>

namespace node_proxy::internal {

/// The networks in which an interface of this host has an address, as far as
/// the operating system tells. Of one that is too wide to be that of a link
/// only the address itself is meant.
[[nodiscard]] std::vector<ip_range> own_networks();

} // namespace node_proxy::internal
