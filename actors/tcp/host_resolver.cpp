#include <node_proxy/actors/tcp/host_resolver.hpp>

#include <memory>
#include <optional>
#include <string_view>

#include <netdb.h>
#include <sys/socket.h>

#include <node_proxy/actors/tcp/tcp_socket.hpp>

namespace node_proxy::internal {

namespace {

std::string_view failure_of(int error) {
  switch (error) {
  case EAI_NONAME:
#ifdef EAI_NODATA
  case EAI_NODATA:
#endif
    return "unknown_name";
  case EAI_AGAIN:
    return "no_name_server";
  case EAI_MEMORY:
    return "out_of_resources";
  default:
    return "resolver_failed";
  }
}

} // namespace

hosts_found find_hosts_of(const std::string& name) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  if (auto error = ::getaddrinfo(name.c_str(), nullptr, &hints, &found);
      error != 0)
    return {{}, failure_of(error)};
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner{found,
                                                             ::freeaddrinfo};
  hosts_found result;
  for (const auto* x = found;
       x != nullptr && result.hosts.size() < max_hosts_found; x = x->ai_next)
    if (auto ip = ip_of(*x->ai_addr, x->ai_addrlen))
      result.hosts.push_back(*ip);
  if (result.hosts.empty())
    result.failure = "unknown_name";
  return result;
}

} // namespace node_proxy::internal
