// What the Router knows of the engines of its node.

#include <node_proxy/actors/router_state.hpp>

#include <algorithm>
#include <memory>
#include <utility>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/utf8.hpp>

namespace node_proxy {

caf::result<engine_registered>
router_state::handle(const register_engine& msg) {
  if (msg.name.empty() || msg.name.size() > limits::engine_name
      || !is_utf8(msg.name))
    return make_error(errc::bad_config,
                      "an engine name has 1 to 255 bytes of UTF-8");
  if (!msg.engine)
    return make_error(errc::bad_config, "no engine given for " + msg.name);
  auto engines = *engines_;
  if (!engines.emplace(msg.name, engine_entry{msg.engine, msg.batches}).second)
    return make_error(errc::name_in_use, msg.name);
  if (!is_registered(msg.engine))
    self_->monitor(msg.engine);
  publish_engines(std::move(engines));
  return engine_registered{msg.name};
}

caf::result<engine_unregistered>
router_state::handle(const unregister_engine& msg) {
  auto engines = *engines_;
  auto removed = engines.extract(msg.name);
  if (removed.empty())
    return make_error(errc::unknown_engine, msg.name);
  publish_engines(std::move(engines));
  // Engines outlive their names: they are not to keep a note of each of them.
  if (const auto& engine = removed.mapped().engine; !is_registered(engine))
    self_->demonitor(engine);
  return engine_unregistered{msg.name};
}

caf::result<engine_found> router_state::handle(const lookup_engine& msg) {
  auto entry = engines_->find(msg.name);
  if (entry == engines_->end())
    return make_error(errc::unknown_engine, msg.name);
  return engine_found{entry->second.engine};
}

void router_state::handle_engine_down(const caf::actor_addr& engine) {
  auto engines = *engines_;
  auto is_down = [&](const auto& x) {
    return x.second.engine.address() == engine;
  };
  if (std::erase_if(engines, is_down) > 0)
    publish_engines(std::move(engines));
}

/// Whether an engine has a name, or several.
bool router_state::is_registered(const caf::actor& engine) const {
  return std::ranges::any_of(
    *engines_, [&](const auto& x) { return x.second.engine == engine; });
}

void router_state::publish_engines(engine_directory engines) {
  engines_ = std::make_shared<engine_directory>(std::move(engines));
  for (auto& [id, to] : proxies_)
    send_to(to, engines_changed{engines_});
}

} // namespace node_proxy
