#include <node_proxy/actors/typed/access_parts.hpp>

#include <node_proxy/actors/caf/sending.hpp>

namespace node_proxy::internal {

std::shared_ptr<access_parts>
access_parts::make(caf::actor_system* system,
                   const std::shared_ptr<event_loop>& loop, const node_id& id,
                   router_actor router, node_log log,
                   std::shared_ptr<internal::unanswered_failures> unanswered) {
  std::shared_ptr<access_parts> result{
    new access_parts{system, loop, id, std::move(router), std::move(log),
                     std::move(unanswered)}};
  if (loop)
    loop->add_dependent(result);
  return result;
}

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

/// The actor system waits for the threads of the loop.
void access_parts::handle_system_end() {
  std::lock_guard guard{mutex_};
  system_ = nullptr;
  loop_.reset();
  router = nullptr;
}

caf::actor_system* access_parts::system() const {
  std::lock_guard guard{mutex_};
  return system_;
}

std::shared_ptr<event_loop> access_parts::loop() const {
  std::lock_guard guard{mutex_};
  return loop_;
}

} // namespace node_proxy::internal
