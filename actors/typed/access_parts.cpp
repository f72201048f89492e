#include <node_proxy/actors/typed/access_parts.hpp>

#include <node_proxy/actors/caf/sending.hpp>

namespace node_proxy::internal {

std::shared_ptr<access_parts>
access_parts::make(access_state state, const node_id& id, node_log log,
                   std::shared_ptr<internal::unanswered_failures> unanswered) {
  auto loop = state.loop;
  std::shared_ptr<access_parts> result{new access_parts{
    std::move(state), id, std::move(log), std::move(unanswered)}};
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

void access_parts::close() {
  // It goes when nothing is locked any more.
  router_actor ended;
  std::lock_guard guard{mutex_};
  std::swap(ended, state_.router);
}

/// The actor system waits for the threads of the loop.
void access_parts::handle_system_end() {
  access_state ended;
  std::lock_guard guard{mutex_};
  std::swap(ended, state_);
}

access_state access_parts::state() const {
  std::lock_guard guard{mutex_};
  return state_;
}

} // namespace node_proxy::internal
