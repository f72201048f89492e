#include <node_proxy/protocol/peer/dial_policy.hpp>

#include <algorithm>

#include <node_proxy/protocol/wire/address_kind.hpp>

namespace node_proxy::internal {

bool may_dial(const transport_address& told, std::span<const ip_address> met,
              std::span<const ip_range> allowed) {
  if (objection_to_dial(told))
    return false;
  const auto* named = host_of(told);
  if (named == nullptr)
    return true;
  auto host = canonical(*named);
  switch (kind_of(host)) {
  case host_kind::unspecified:
  case host_kind::link_local:
  case host_kind::multicast:
  case host_kind::broadcast:
  case host_kind::documentation:
    return false;
  case host_kind::global:
    return true;
  case host_kind::loopback:
  case host_kind::private_network:
  case host_kind::reserved:
    break;
  }
  auto has_host = [&host](const ip_range& x) {
    return contains(x, host);
  };
  return std::ranges::find(met, host) != met.end()
         || std::ranges::any_of(allowed, has_host);
}

} // namespace node_proxy::internal
