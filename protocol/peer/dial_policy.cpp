#include <node_proxy/protocol/peer/dial_policy.hpp>

#include <algorithm>

#include <node_proxy/protocol/wire/address_kind.hpp>

namespace node_proxy::internal {

bool may_dial(const transport_address& told, std::span<const ip_address> met,
              const dial_scope& scope) {
  if (objection_to_dial(told))
    return false;
  const auto* named = host_of(told);
  if (named == nullptr)
    return true;
  auto host = canonical(*named);
  auto is_in = [&host](std::span<const ip_range> ranges) {
    return std::ranges::any_of(
      ranges, [&host](const ip_range& x) { return contains(x, host); });
  };
  switch (kind_of(host)) {
  case host_kind::unspecified:
  case host_kind::link_local:
  case host_kind::multicast:
  case host_kind::broadcast:
  case host_kind::documentation:
    return false;
  case host_kind::global:
    if (!is_in(scope.own))
      return true;
    break;
  case host_kind::loopback:
  case host_kind::private_network:
  case host_kind::reserved:
    break;
  }
  return std::ranges::find(met, host) != met.end() || is_in(scope.allowed);
}

} // namespace node_proxy::internal
