#include <node_proxy/actors/tcp/host_resolver.hpp>

#include <memory>
#include <optional>

#include <netdb.h>
#include <sys/socket.h>

#include <node_proxy/actors/tcp/tcp_socket.hpp>

namespace node_proxy::internal {

namespace {

dial_error failure_of(int error) {
  switch (error) {
  case EAI_NONAME:
#ifdef EAI_NODATA
  case EAI_NODATA:
#endif
    return dial_error::unknown_name;
  case EAI_AGAIN:
    return dial_error::no_name_server;
  case EAI_MEMORY:
    return dial_error::out_of_resources;
  default:
    return dial_error::resolver_failed;
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
  return result;
}

} // namespace node_proxy::internal
