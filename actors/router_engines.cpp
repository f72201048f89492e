// What the Router is asked about the engines of its node.

#include <node_proxy/actors/router_state.hpp>

#include <utility>

#include <node_proxy/actors/outcome.hpp>

namespace node_proxy {

caf::result<engine_registered>
router_state::handle(const register_engine& msg) {
  auto is_new = engines_->handle_register(msg);
  if (!is_new)
    return refuse<engine_registered>(is_new.error());
  if (*is_new)
    self_->monitor(msg.engine);
  return engine_registered{msg.name};
}

caf::result<engine_unregistered>
router_state::handle(const unregister_engine& msg) {
  auto ended = engines_->handle_unregister(msg.name);
  if (!ended)
    return refuse<engine_unregistered>(ended.error());
  // Engines outlive their names: they are not to keep a note of each of them.
  if (const auto& [engine, was_last] = *ended; was_last)
    self_->demonitor(engine);
  return engine_unregistered{msg.name};
}

caf::result<engine_found> router_state::handle(const lookup_engine& msg) {
  auto engine = engines_->find(msg.name);
  if (!engine)
    return refuse<engine_found>(
      make_error(to_errc(to_send_error(engine.error())), msg.name));
  return engine_found{(*engine)->handle()};
}

} // namespace node_proxy
