#include "reachable_address.hpp"

#include <variant>

#include <node_proxy/protocol/address_text.hpp>

namespace node_proxy::tools {

namespace {

bool is_any_host(const ip_address& ip) {
  return ip == ip_address{ipv4{}} || ip == ip_address{ipv6{}};
}

} // namespace

expected<transport_address, std::string>
parse_reachable(std::string_view text) {
  auto result = parse_address(text);
  if (!result)
    return result;
  auto usable = std::visit(
    []<class T>(const T& address) {
      if constexpr (requires { address.port; })
        return address.port != 0 && !is_any_host(address.ip);
      else
        return true;
    },
    *result);
  if (!usable)
    return unexpected{"'" + std::string{text}
                      + "' is nothing to connect to: expected the address of "
                        "a host and a port"};
  return result;
}

std::vector<weighted_address>
best_first(const std::vector<transport_address>& addresses) {
  std::vector<weighted_address> result;
  auto weight = addresses.size();
  for (const auto& address : addresses)
    result.push_back({address, weight--});
  return result;
}

} // namespace node_proxy::tools
