#include <node_proxy/actors/router/registry_reporter.hpp>

#include <optional>
#include <utility>

#include <node_proxy/actors/caf/registry_writer.hpp>
#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/loop/loop_actor.hpp>
#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/actors/router/metric_families.hpp>

namespace node_proxy::internal {

namespace {

class registry_reporter_state {
public:
  explicit registry_reporter_state(registry_reporter::pointer self)
    : self_(self) {
    // nop
  }

  void start(std::shared_ptr<event_loop> loop, router_actor router,
             const node_id& node, duration interval) {
    router_ = std::move(router);
    interval_ = interval;
    writer_.emplace(self_->system(), node);
    timer_.emplace(std::move(loop), caf::actor_cast<tick_receiver>(self_));
    ask();
  }

  void handle_tick() {
    timer_->handle_tick();
    ask();
  }

private:
  void ask() {
    auto end = [this](const caf::error&) {
      self_->quit();
    };
    send_request(self_, router_, caf::infinite, get_node_status{})
      .then(
        [this, end](const node_status& status) {
          send_request(self_, router_, caf::infinite, get_node_metrics{})
            .then([this, status](
                    const node_metrics& counted) { write(status, counted); },
                  end);
        },
        end);
  }

  void write(const node_status& status, const node_metrics& counted) {
    writer_->begin_round();
    write_families(*writer_, status, counted);
    writer_->end_round();
    timer_->wait_until(now_of(self_).steady + interval_);
  }

  registry_reporter::pointer self_;
  router_actor router_;
  duration interval_{0};
  std::optional<registry_writer> writer_;
  std::optional<timer> timer_;
};

} // namespace

registry_reporter spawn_registry_reporter(caf::actor_system& system,
                                          std::shared_ptr<event_loop> loop,
                                          router_actor router,
                                          const node_id& node,
                                          duration interval) {
  if (!has_registry)
    return {};
  auto& place = *loop;
  return spawn_in_loop<registry_reporter, registry_reporter_state>(
    system, place,
    [=, loop = std::move(loop), router = std::move(router)](
      auto* self) -> registry_reporter::behavior_type {
      auto& state = state_of(self);
      state.start(loop, router, node, interval);
      return {[&state](tick) {
        state.handle_tick();
      }};
    });
}

} // namespace node_proxy::internal
