// Looks up the names of hosts.

#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include <node_proxy/actors/transport/transport_messages.hpp>

namespace node_proxy::internal {

/// Looks up a name, however long that takes, in whatever thread calls it.
using host_resolver = std::function<hosts_found(const std::string& name)>;

/// At most so many hosts of a name are of interest.
inline constexpr std::size_t max_hosts_found = 64;

/// The hosts of a name, as this host is set up to find them: by its own file,
/// DNS, and what else there may be (`getaddrinfo`, in the order of RFC 6724).
[[nodiscard]] hosts_found find_hosts_of(const std::string& name);

} // namespace node_proxy::internal
