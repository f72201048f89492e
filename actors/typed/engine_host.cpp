#include <node_proxy/actors/typed/engine_host.hpp>

#include <optional>
#include <unordered_map>
#include <utility>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/loop/loop_actor.hpp>

namespace node_proxy::internal {

namespace {

/// What tells a Router why a message was not taken.
caf::error error_for(control::reject_reason reason) {
  using enum control::reject_reason;
  switch (reason) {
  case unknown_engine:
  case engine_gone:
    return make_error(errc::engine_gone);
  case malformed:
    return make_error(errc::malformed);
  case engine_failed:
    break;
  }
  return make_error(errc::engine_failed);
}

class engine_host {
public:
  explicit engine_host(engine_host_actor::pointer self) : self_{self} {}

  engine_host(const engine_host&) = delete;
  engine_host& operator=(const engine_host&) = delete;

  void start(const engine_host_config& config,
             std::shared_ptr<engine_directory> engines);

  caf::result<done> handle(engine_msg& msg);
  void handle_answers();
  void handle(const engine_left& msg);
  void handle(stop_engine_host);

private:
  void finish(std::uint64_t number,
              std::optional<control::reject_reason> reason);
  void end_if_done();

  engine_host_actor::pointer self_;
  std::shared_ptr<event_loop> loop_;
  engine_name name_;
  // It has one engine at most.
  std::shared_ptr<engine_directory> engines_;
  std::optional<engine_lanes> lanes_;
  // Whom the Router has asked to take something, by numbers of ours.
  std::unordered_map<std::uint64_t, promise<done>> open_;
  std::uint64_t next_ = 0;
  bool ending_ = false;
  bool failed_ = false;
};

void engine_host::start(const engine_host_config& config,
                        std::shared_ptr<engine_directory> engines) {
  loop_ = config.loop;
  name_ = config.engine.name;
  engines_ = std::move(engines);
  lanes_.emplace(self_, engines_, config.log, [this](auto ids, auto reason) {
    for (const auto& id : ids)
      finish(std::get<reliable_id>(id).first, reason);
  });
  set_down_handler(self_, [this](const caf::down_msg&) { self_->quit(); });
  monitor_end(self_, config.router);
  auto entry = engines_->find(name_);
  ending_ =
    !entry || !engines_->watch(**entry, caf::actor_cast<engine_watcher>(self_));
  if (ending_)
    send_message(self_, caf::actor_cast<engine_host_actor>(self_),
                 stop_engine_host{});
}

caf::result<done> engine_host::handle(engine_msg& msg) {
  auto number = next_++;
  open_.emplace(number, make_promise<done>(self_));
  lanes_->deliver({reliable_id{0, 0, number}, std::move(msg)});
  lanes_->pass_on_delivered();
  end_if_done();
  return caf::delegated<done>{};
}

void engine_host::finish(std::uint64_t number,
                         std::optional<control::reject_reason> reason) {
  auto waiting = std::move(open_.extract(number).mapped());
  if (reason)
    fail(waiting, error_for(*reason));
  else
    fulfil(waiting, done{});
}

void engine_host::handle_answers() {
  lanes_->handle_answers();
  end_if_done();
}

void engine_host::handle(const engine_left& msg) {
  lanes_->handle(msg);
  ending_ = true;
  failed_ = *msg.entry->stage() == engine_stage::failed;
  end_if_done();
}

void engine_host::handle(stop_engine_host) {
  // What it has got it may still come to, which shows by `engine_left`.
  static_cast<void>(engines_->remove(name_));
  end_if_done();
}

void engine_host::end_if_done() {
  if (!ending_ || !open_.empty())
    return;
  if (failed_)
    self_->quit(make_error(errc::engine_failed, name_));
  else
    self_->quit();
}

engine_host_actor::behavior_type
host_behavior(engine_host_actor::stateful_pointer<engine_host> self,
              const engine_host_config& config,
              const std::shared_ptr<engine_directory>& engines) {
  auto& state = state_of(self);
  state.start(config, engines);
  return {
    [&state](engine_msg& msg) { return state.handle(msg); },
    [&state](engines_answered) { state.handle_answers(); },
    [&state](const engine_left& msg) { state.handle(msg); },
    [&state](stop_engine_host msg) { state.handle(msg); },
  };
}

} // namespace

caf::expected<engine_host_actor>
spawn_engine_host(caf::actor_system& system, const engine_host_config& config) {
  auto engines = std::make_shared<engine_directory>(config.router.address());
  if (auto ok = engines->add(config.engine); !ok)
    return make_error(ok.error(), config.engine.name);
  return spawn_in_loop<engine_host_actor, engine_host>(
    system, *config.loop,
    [=](auto* self) { return host_behavior(self, config, engines); });
}

} // namespace node_proxy::internal
