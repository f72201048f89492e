#include <node_proxy/actors/typed/access_parts.hpp>

#include <node_proxy/actors/caf/sending.hpp>

namespace node_proxy::internal {

access_parts::~access_parts() {
  for (const auto& x : hosts_)
    if (auto host = caf::actor_cast<engine_host_actor>(x))
      send_anonymously(host, stop_engine_host{});
}

void access_parts::add_host(const engine_host_actor& host) {
  std::lock_guard guard{mutex_};
  std::erase_if(hosts_, [](const caf::actor_addr& x) {
    return caf::actor_cast<caf::actor>(x) == nullptr;
  });
  hosts_.push_back(host.address());
}

} // namespace node_proxy::internal
