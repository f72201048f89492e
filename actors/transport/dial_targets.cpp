#include <node_proxy/actors/transport/dial_targets.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <node_proxy/protocol/wire/address_kind.hpp>

namespace node_proxy::internal {

namespace {

/// The interfaces that are up and have an address on their link.
std::vector<std::uint32_t> links_of_this_host() {
  std::vector<std::uint32_t> result;
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0)
    return result;
  for (const auto* x = all; x != nullptr; x = x->ifa_next) {
    if (x->ifa_addr == nullptr || x->ifa_addr->sa_family != AF_INET6
        || (x->ifa_flags & IFF_UP) == 0)
      continue;
    sockaddr_in6 in{};
    std::memcpy(&in, x->ifa_addr, sizeof(in));
    // Other addresses have none.
    auto scope = in.sin6_scope_id;
    if (scope != 0 && std::ranges::find(result, scope) == result.end())
      result.push_back(scope);
  }
  ::freeifaddrs(all);
  return result;
}

} // namespace

std::vector<tcp_addr> dial_targets(const tcp_addr& address) {
  const auto* ip = std::get_if<ipv6>(&address.ip);
  if (ip == nullptr || ip->scope != 0 || !belongs_to_link(*ip))
    return {address};
  std::vector<tcp_addr> result;
  for (auto link : links_of_this_host()) {
    if (result.size() == max_dial_targets)
      break;
    auto target = *ip;
    target.scope = link;
    result.push_back({target, address.port});
  }
  return result;
}

} // namespace node_proxy::internal
