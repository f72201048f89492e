// Addresses of this node: where it listens, where others are to connect.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <node_proxy/messages/node_advert.hpp>
#include <node_proxy/messages/transport_address.hpp>

namespace node_proxy::tools {

/// Reads an address to listen at; an interface may be given by its name.
[[nodiscard]] tl::expected<transport_address, std::string>
parse_listen_address(std::string_view text);

/// Reads an address that others can connect to.
[[nodiscard]] tl::expected<transport_address, std::string>
parse_reachable(std::string_view text);

/// Addresses as an advert has them, in the order of their weights.
[[nodiscard]] std::vector<weighted_address>
best_first(const std::vector<transport_address>& addresses);

} // namespace node_proxy::tools
