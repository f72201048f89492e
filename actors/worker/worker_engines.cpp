// What a worker does about the engines of its node.

#include <node_proxy/actors/worker/worker_state.hpp>

#include <algorithm>
#include <utility>

namespace node_proxy::internal {

caf::result<engine_registered>
worker_state::handle(const register_engine& msg) {
  if (!msg.types) {
    watch_engine(msg.engine);
    return ask_coordinator<engine_registered>(msg);
  }
  auto host =
    spawn_engine_host(self_->system(), {services_.loops.front(),
                                        caf::actor_cast<router_actor>(self_),
                                        services_.log, msg});
  if (!host)
    return refuse<engine_registered>(self_, services_.log,
                                     std::move(host.error()));
  register_host(msg, *host);
  return caf::delegated<engine_registered>{};
}

/// Its types do not leave the process: it is the host that others know.
void worker_state::register_host(const register_engine& engine,
                                 const engine_host_actor& host) {
  auto number = ++last_request_;
  registering_.emplace(number, make_promise<engine_registered>(self_));
  auto id = host.address();
  hosted_.emplace(id, hosted_engine{engine, host});
  monitor_end(self_, host);
  send_request(self_, coordinator_, caf::infinite,
               register_engine{engine.name, caf::actor_cast<caf::actor>(host)})
    .then(
      [this, number](engine_registered& answer) {
        if (auto x = registering_.extract(number); !x.empty())
          fulfil(x.mapped(), std::move(answer));
      },
      [this, number, id](const caf::error& error) {
        if (auto x = hosted_.find(id); x != hosted_.end())
          send_message(self_, x->second.host, stop_engine_host{});
        if (auto x = registering_.extract(number); !x.empty())
          fail(x.mapped(), error);
      });
}

void worker_state::handle(const shared_engine& msg) {
  if (!is_coordinator())
    return;
  auto engine = msg.engine;
  replace_engine(engine.name);
  // One that has ended on its way here is none.
  if (engine.engine) {
    // To one of this process messages of this process go directly.
    auto own = hosted_.find(engine.engine.address());
    if (own != hosted_.end())
      engine = own->second.engine;
    static_cast<void>(engines_->add(std::move(engine)));
  }
  if (msg.number > 0)
    tell(engine_noted{msg.number});
}

/// The coordinator gives a name away. Who has it has ended: the coordinator
/// tells of those that are unregistered.
void worker_state::replace_engine(const engine_name& name) {
  auto entry = engines_->find(name);
  if (!entry)
    return;
  end_host(name);
  // What engines of the coordinator have taken may be told a moment later, and
  // of their end CAF tells.
  if ((*entry)->engine().node() == coordinator_.node())
    static_cast<void>(engines_->remove(name));
  else
    engines_->handle_end(name);
}

void worker_state::take(const forget_engine& msg) {
  end_host(msg.name);
  static_cast<void>(engines_->remove(msg.name));
}

/// One that has no name any more may still have something of somebody.
void worker_state::handle(const ended_engine& msg) {
  if (is_coordinator() && msg.engine)
    engines_->handle_end(msg.engine);
}

/// Of one that comes from another process CAF tells this one whether it has
/// ended: others hear of it by the coordinator.
void worker_state::watch_engine(const caf::actor& engine) {
  if (engine && is_remote(engine)
      && foreign_engines_.emplace(engine.address(), engine).second)
    monitor_end(self_, engine);
}

/// A typed engine of this process has its name no more: its host ends when it
/// has come to all that it got.
void worker_state::end_host(const engine_name& name) {
  auto entry = engines_->find(name);
  if (!entry || !(*entry)->types())
    return;
  auto host = std::ranges::find_if(hosted_, [&](const auto& x) {
    const auto& engine = x.second.engine;
    return engine.name == name && engine.engine == (*entry)->engine();
  });
  if (host != hosted_.end())
    send_message(self_, host->second.host, stop_engine_host{});
}

} // namespace node_proxy::internal
