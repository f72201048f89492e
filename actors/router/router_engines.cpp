// What the Router does about the engines of its node.

#include <node_proxy/actors/router/router_state.hpp>

#include <node_proxy/messages/identities.hpp>

namespace node_proxy::internal {

namespace {

caf::error check(const register_engine& msg) {
  if (!is_engine_name(msg.name))
    return make_error(errc::bad_config,
                      "an engine name has 1 to 255 bytes of UTF-8");
  if (!msg.engine)
    return make_error(errc::bad_config, "no engine given for " + msg.name);
  if (msg.types)
    return {};
  if (msg.typed)
    return make_error(errc::bad_config,
                      msg.name
                        + " is a typed engine of another process: "
                          "serve it there with a node_access");
  auto fit = msg.batches ? may_take<engine_msg_batch>(msg.engine)
                         : may_take<engine_msg>(msg.engine);
  if (!fit)
    return make_error(errc::bad_config,
                      "the actor given for " + msg.name + " takes no "
                        + (msg.batches ? "engine_msg_batch" : "engine_msg"));
  return {};
}

} // namespace

caf::result<engine_registered>
router_state::handle(const register_engine& msg) {
  if (auto error = check(msg))
    return refuse<engine_registered>(std::move(error));
  if (auto ok = engines_->add(msg); !ok)
    return refuse<engine_registered>(make_error(ok.error(), msg.name));
  end_host(msg.name);
  watch_foreign(msg.engine);
  auto shared = workers_ && !workers_->all.empty();
  if (shared)
    share(msg, make_promise<engine_registered>(self_));
  // If it has ended that is told after it was shared.
  watch(msg);
  if (shared)
    return caf::delegated<engine_registered>{};
  return engine_registered{msg.name};
}

caf::result<engine_unregistered>
router_state::handle(const unregister_engine& msg) {
  if (!engines_->remove(msg.name))
    return refuse<engine_unregistered>(
      make_error(errc::unknown_engine, msg.name));
  end_host(msg.name);
  tell_all(forget_engine{msg.name});
  return engine_unregistered{msg.name};
}

caf::result<engine_found> router_state::handle(const lookup_engine& msg) {
  auto entry = engines_->find(msg.name);
  if (!entry)
    return refuse<engine_found>(make_error(entry.error(), msg.name));
  return engine_found{(*entry)->engine()};
}

void router_state::handle(const engine_left& msg) {
  const auto& entry = *msg.entry;
  engines_->unwatch(msg.entry, self_->id());
  report_gone(entry);
  if (entry.ended() && !engines_->find(entry.name()))
    end_host(entry.name());
}

/// Tells operators that there is an engine, and later that it has gone.
void router_state::watch(const register_engine& engine) {
  if (running_)
    report({engine_registered_event{engine.name}});
  auto entry = engines_->find(engine.name);
  if (entry && engines_->watch(**entry, caf::actor_cast<engine_watcher>(self_)))
    return;
  if (entry)
    report_gone(**entry);
  else
    report({engine_gone_event{engine.name, engine_departure::ended}});
  end_host(engine.name);
}

void router_state::report_gone(const engine_entry& x) {
  auto reason = engine_departure::unregistered;
  if (*x.stage() == engine_stage::ended)
    reason = engine_departure::ended;
  else if (*x.stage() == engine_stage::failed)
    reason = engine_departure::failed;
  report({engine_gone_event{x.name(), reason}});
}

} // namespace node_proxy::internal
