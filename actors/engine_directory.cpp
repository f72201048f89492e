#include <node_proxy/actors/engine_directory.hpp>

#include <node_proxy/actors/error.hpp>
#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/utf8.hpp>

namespace node_proxy {

namespace {

void tell(const std::unordered_map<caf::actor_id, caf::actor_addr>& watchers,
          const engine_name& name) {
  for (const auto& [id, address] : watchers)
    if (auto watcher = caf::actor_cast<caf::actor>(address))
      caf::anon_send(watcher, engine_ended{name});
}

/// Whether an actor can be an engine, as far as that shows.
expected<void, caf::error> check(const register_engine& msg) {
  auto bad = [&msg](std::string_view what) {
    return unexpected{make_error(
      errc::bad_config, "engine '" + msg.name + "': " + std::string{what})};
  };
  if (msg.name.empty() || msg.name.size() > limits::engine_name
      || !is_utf8(msg.name))
    return bad("a name has 1 to 255 bytes of UTF-8");
  if (!msg.engine)
    return bad("there is no actor to be registered");
  if (msg.batches && !may_handle(msg.engine, "node_proxy::engine_msg_batch"))
    return bad("the actor has no handler for engine_msg_batch");
  if (!msg.batches && !may_handle(msg.engine, "node_proxy::engine_msg"))
    return bad("the actor has no handler for engine_msg");
  return {};
}

} // namespace

expected<bool, caf::error>
engine_directory::handle_register(const register_engine& msg) {
  if (auto ok = check(msg); !ok)
    return unexpected{ok.error()};
  watchers told;
  bool is_new = false;
  {
    std::lock_guard guard{mutex_};
    auto& known = engines_[msg.name];
    if (known && !is_terminated(known->handle()))
      return unexpected{make_error(errc::name_in_use, msg.name)};
    if (known) {
      told = end(known);
      forget_name(known->handle().address(), msg.name);
    }
    known = std::make_shared<registered_engine>(msg.engine, msg.batches);
    ended_.erase(msg.name);
    auto& names = names_[msg.engine.address()];
    is_new = names.empty();
    names.insert(msg.name);
  }
  tell(told, msg.name);
  return is_new;
}

expected<std::pair<caf::actor, bool>, caf::error>
engine_directory::handle_unregister(const engine_name& name) {
  watchers told;
  std::pair<caf::actor, bool> result;
  {
    std::lock_guard guard{mutex_};
    auto known = engines_.extract(name);
    if (known.empty())
      return unexpected{make_error(errc::unknown_engine, name)};
    told = end(known.mapped());
    result.first = known.mapped()->handle();
    forget_name(result.first.address(), name);
    result.second = !names_.contains(result.first.address());
  }
  tell(told, name);
  return result;
}

void engine_directory::handle_down(const caf::actor_addr& engine) {
  std::vector<std::pair<engine_name, watchers>> told;
  {
    std::lock_guard guard{mutex_};
    auto known = names_.extract(engine);
    if (known.empty())
      return;
    for (const auto& name : known.mapped()) {
      auto entry = engines_.extract(name);
      told.emplace_back(name, end(entry.mapped()));
      remember_ended(name);
    }
  }
  for (const auto& [name, watchers] : told)
    tell(watchers, name);
}

void engine_directory::handle_watch(const engine_ptr& engine,
                                    const caf::actor_addr& watcher) {
  std::lock_guard guard{mutex_};
  if (!engine->gone())
    engine->watchers_.emplace(watcher.id(), watcher);
}

void engine_directory::handle_unwatch(const engine_ptr& engine,
                                      const caf::actor_addr& watcher) {
  std::lock_guard guard{mutex_};
  engine->watchers_.erase(watcher.id());
}

expected<engine_ptr, control::reject_reason>
engine_directory::find(const engine_name& name) const {
  std::lock_guard guard{mutex_};
  if (auto known = engines_.find(name); known != engines_.end())
    return known->second;
  return unexpected{ended_.contains(name)
                      ? control::reject_reason::engine_gone
                      : control::reject_reason::unknown_engine};
}

std::vector<caf::actor_addr> engine_directory::engines() const {
  std::lock_guard guard{mutex_};
  std::vector<caf::actor_addr> result;
  result.reserve(names_.size());
  for (const auto& [engine, names] : names_)
    result.push_back(engine);
  return result;
}

/// @returns whom to tell, without the lock.
engine_directory::watchers engine_directory::end(const engine_ptr& engine) {
  engine->gone_ = true;
  return std::exchange(engine->watchers_, {});
}

void engine_directory::forget_name(const caf::actor_addr& engine,
                                   const engine_name& name) {
  auto known = names_.find(engine);
  if (known == names_.end())
    return;
  known->second.erase(name);
  if (known->second.empty())
    names_.erase(known);
}

void engine_directory::remember_ended(const engine_name& name) {
  if (!ended_.insert(name).second)
    return;
  ended_order_.push_back(name);
  if (ended_order_.size() > max_ended)
    ended_.erase(ended_order_.take_front());
}

} // namespace node_proxy
