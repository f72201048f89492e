#include "link/ping.hpp"

#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include <node_proxy/actors/error.hpp>

namespace bench {

namespace {

using namespace node_proxy;
using namespace node_proxy::internal;

struct echo_state {
  explicit echo_state(caf::event_based_actor*) {
    // nop
  }

  // Where all messages come from.
  std::optional<node_proxy_actor> proxy;
};

caf::behavior echo(caf::stateful_actor<echo_state>* self,
                   const router_actor& router) {
  // Plain `send`s: that the answer has come is all that the other side waits
  // for.
  return {[self, router](engine_msg& msg) {
    auto& proxy = state_of(self).proxy;
    std::swap(msg.sender, msg.target);
    node_out_msg answer{{}, rel_time{20}, std::move(msg)};
    if (proxy) {
      self->send(*proxy, std::move(answer));
      return;
    }
    self
      ->request(router, caf::infinite,
                lookup_node_proxy{*answer.msg.target.node})
      .then([self, answer](const node_proxy_found& found) {
        state_of(self).proxy = found.proxy;
        self->send(found.proxy, answer);
      });
  }};
}

using latencies = std::vector<bench_clock::duration>;
using latencies_promise = std::promise<latencies>;

class ping_state {
public:
  explicit ping_state(caf::event_based_actor* self) : self_(self) {}

  void start(const router_actor& router, const send_plan& plan,
             std::shared_ptr<latencies_promise> done) {
    plan_ = plan;
    done_ = std::move(done);
    payload_ = bytes(plan.size, std::byte{0x5a});
    self_
      ->request(router, caf::infinite,
                register_engine{"ping", caf::actor_cast<caf::actor>(self_)})
      .then(
        [this](const engine_registered&) {
          begun_ = bench_clock::now();
          send();
        },
        [this](const caf::error& error) {
          done_->set_exception(
            std::make_exception_ptr(std::runtime_error{describe(error)}));
        });
  }

  void handle(engine_msg& msg) {
    auto now = bench_clock::now();
    if (now > begun_ + plan_.how_long / 10)
      result_.push_back(now - sent_at_);
    payload_ = std::move(msg.msg);
    if (now < begun_ + plan_.how_long || result_.empty()) {
      send();
      return;
    }
    done_->set_value(std::move(result_));
    self_->quit();
  }

private:
  void send() {
    const auto& target = plan_.targets.front();
    node_out_msg msg{{},
                     rel_time{20},
                     {{plan_.self, "ping"},
                      target.engines.front(),
                      std::nullopt,
                      std::move(payload_)}};
    sent_at_ = bench_clock::now();
    self_->send(target.proxy, std::move(msg));
  }

  caf::event_based_actor* self_;
  send_plan plan_;
  std::shared_ptr<latencies_promise> done_;
  latencies result_;
  shared_bytes payload_;
  bench_clock::time_point begun_;
  bench_clock::time_point sent_at_;
};

caf::behavior ping(caf::stateful_actor<ping_state>* self,
                   const router_actor& router, const send_plan& plan,
                   std::shared_ptr<latencies_promise> done) {
  state_of(self).start(router, plan, std::move(done));
  return {[self](engine_msg& msg) {
    state_of(self).handle(msg);
  }};
}

} // namespace

caf::actor spawn_echo(caf::actor_system& system, const router_actor& router) {
  return system.spawn(echo, router);
}

std::vector<bench_clock::duration> run_ping(caf::actor_system& system,
                                            const router_actor& router,
                                            const send_plan& plan) {
  auto done = std::make_shared<latencies_promise>();
  auto result = done->get_future();
  system.spawn(ping, router, plan, std::move(done));
  if (result.wait_for(plan.how_long + std::chrono::seconds{30})
      != std::future_status::ready)
    throw std::runtime_error{"a message did not come back"};
  return result.get();
}

} // namespace bench
