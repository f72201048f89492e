#include "nodes/senders.hpp"

#include <algorithm>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <node_proxy/actors/error.hpp>
#include <node_proxy/actors/exchange_messages.hpp>
#include <node_proxy/messages/node_out_msg.hpp>

#include "support/time_limit.hpp"

namespace bench {

namespace {

using namespace node_proxy;
using namespace node_proxy::internal;

/// What one sender did.
struct sent {
  std::uint64_t messages = 0;
  bench_clock::time_point first;
  bench_clock::time_point last;
};

using sent_promise = std::promise<sent>;

/// One engine. What a user does who is in a hurry: it has looked up the Node
/// Proxies once, so that messages do not pass through the Router, and it asks
/// for outcomes, of batches if it has many messages at once.
class sender_state {
public:
  explicit sender_state(caf::event_based_actor* self) : self_(self) {}

  void start(std::shared_ptr<const send_plan> plan,
             std::shared_ptr<sent_promise> done) {
    plan_ = std::move(plan);
    done_ = std::move(done);
    payload_ = bytes(plan_->size, std::byte{0x5a});
    result_.first = bench_clock::now();
    limit_.emplace(plan_->how_long);
    go_on();
  }

private:
  void go_on() {
    auto at_once = std::max<std::size_t>(plan_->batch, 1);
    while (!failed_ && outstanding_ + at_once <= plan_->outstanding
           && !limit_->passed()) {
      const auto& target = plan_->targets[next_++ % plan_->targets.size()];
      outstanding_ += at_once;
      if (plan_->batch > 0)
        send_batch(target);
      else
        send_one(target);
    }
    if (outstanding_ == 0 && !failed_) {
      result_.last = bench_clock::now();
      done_->set_value(result_);
    }
  }

  node_out_msg make_message(const link_target& target) {
    return {{},
            rel_time{20},
            {{plan_->self, "sender"},
             target.engines[next_engine_++ % target.engines.size()],
             std::nullopt,
             shared_bytes{bytes_view{payload_}}}};
  }

  void send_one(const link_target& target) {
    self_->request(target.proxy, caf::infinite, make_message(target))
      .then([this](delivered) { handle_outcome(1); },
            [this](const caf::error& error) { fail(describe(error)); });
  }

  void send_batch(const link_target& target) {
    node_out_batch batch;
    batch.msgs.reserve(plan_->batch);
    while (batch.msgs.size() < plan_->batch)
      batch.msgs.push_back(make_message(target));
    self_->request(target.proxy, caf::infinite, std::move(batch))
      .then(
        [this](const batch_outcome& outcome) {
          if (outcome.failures.empty())
            handle_outcome(outcome.delivered);
          else
            fail(std::string{to_string(outcome.failures.front().error)});
        },
        [this](const caf::error& error) { fail(describe(error)); });
  }

  void handle_outcome(std::uint64_t count) {
    result_.messages += count;
    outstanding_ -= count;
    go_on();
  }

  void fail(const std::string& reason) {
    if (std::exchange(failed_, true))
      return;
    done_->set_exception(std::make_exception_ptr(
      std::runtime_error{"a message was not delivered: " + reason}));
  }

  caf::event_based_actor* self_;
  std::shared_ptr<const send_plan> plan_;
  std::shared_ptr<sent_promise> done_;
  bytes payload_;
  std::optional<time_limit> limit_;
  std::size_t outstanding_ = 0;
  std::size_t next_ = 0;
  std::size_t next_engine_ = 0;
  bool failed_ = false;
  sent result_;
};

/// It ends when it waits for nothing any more.
caf::behavior sender(caf::stateful_actor<sender_state>* self,
                     std::shared_ptr<const send_plan> plan,
                     std::shared_ptr<sent_promise> done) {
  state_of(self).start(std::move(plan), std::move(done));
  return {};
}

} // namespace

throughput run_senders(caf::actor_system& system, const send_plan& plan) {
  auto shared = std::make_shared<const send_plan>(plan);
  std::vector<std::future<sent>> results;
  for (std::size_t i = 0; i < plan.senders; ++i) {
    auto done = std::make_shared<sent_promise>();
    results.push_back(done->get_future());
    system.spawn(sender, shared, std::move(done));
  }
  throughput total{0, plan.size, {}};
  auto first = bench_clock::time_point::max();
  auto last = bench_clock::time_point::min();
  for (auto& result : results) {
    auto one = result.get();
    total.messages += one.messages;
    first = std::min(first, one.first);
    last = std::max(last, one.last);
  }
  total.took = last - first;
  return total;
}

} // namespace bench
