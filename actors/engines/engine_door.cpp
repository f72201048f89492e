#include <node_proxy/actors/engines/engine_door.hpp>

#include <optional>
#include <unordered_map>
#include <utility>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/engines/engine_lanes.hpp>
#include <node_proxy/actors/loop/loop_actor.hpp>

namespace node_proxy::internal {

namespace {

class door_state {
public:
  explicit door_state(caf::event_based_actor* self) : self_(self) {}

  door_state(const door_state&) = delete;
  door_state& operator=(const door_state&) = delete;

  ~door_state() {
    for (auto& [number, x] : waiting_)
      fail(x, make_error(errc::engine_gone));
  }

  void start(const engine_door_config& config) {
    // It has but one engine.
    engines_ = std::make_shared<engine_directory>(config.router);
    if (!engines_->add(config.engine)) {
      self_->quit();
      return;
    }
    lanes_.emplace(self_, engines_, config.log, [this](auto ids, auto reason) {
      for (const auto& id : ids)
        finish(std::get<reliable_id>(id).first, reason);
    });
    monitor_end(self_, config.engine.engine);
    set_down_handler(
      self_, [this](const caf::down_msg& msg) { self_->quit(msg.reason); });
  }

  caf::result<done> handle(engine_msg& msg) {
    waiting_.emplace(++last_, make_promise<done>(self_));
    lanes_->deliver({reliable_id{0, 0, last_}, std::move(msg)});
    lanes_->pass_on_delivered();
    return caf::delegated<done>{};
  }

  void handle_answers() { lanes_->handle_answers(); }

  void handle(const engine_left& msg) { lanes_->handle(msg); }

private:
  void finish(std::uint64_t number,
              std::optional<control::reject_reason> reason) {
    auto x = waiting_.extract(number);
    if (x.empty())
      return;
    if (!reason)
      fulfil(x.mapped(), done{});
    else if (*reason == control::reject_reason::malformed)
      fail(x.mapped(), make_error(errc::malformed));
    else
      fail(x.mapped(), make_error(errc::engine_failed));
  }

  caf::event_based_actor* self_;
  std::shared_ptr<engine_directory> engines_;
  std::unordered_map<std::uint64_t, promise<done>> waiting_;
  std::optional<engine_lanes> lanes_;
  std::uint64_t last_ = 0;
};

} // namespace

caf::actor spawn_engine_door(caf::actor_system& system,
                             const engine_door_config& config) {
  return spawn_open_in_loop<door_state>(
    system, *config.loop, [config](auto* self) -> caf::behavior {
      auto& state = state_of(self);
      state.start(config);
      return {
        [&state](engine_msg& msg) { return state.handle(msg); },
        [&state](engines_answered) { state.handle_answers(); },
        [&state](const engine_left& msg) { state.handle(msg); },
      };
    });
}

} // namespace node_proxy::internal
