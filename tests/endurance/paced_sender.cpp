#include "paced_sender.hpp"
#include "actors/reason.hpp"

#include <algorithm>
#include <utility>

#include <doctest/doctest.h>

#include <node_proxy/actors/error.hpp>
#include <node_proxy/actors/key_file.hpp>

#include "numbered_sender.hpp"
#include "support/scheduler_threads.hpp"

namespace node_proxy::testing {

namespace {

using clock_type = std::chrono::steady_clock;

/// How often a stream looks whether something is due.
constexpr std::chrono::milliseconds tick_time{10};

/// Nothing expires in the time of a test.
constexpr rel_time expiry{24 * 60 * 60};

/// Of the numbers from 0 on.
std::uint64_t sum_below(std::uint64_t end) {
  return end * (end - 1) / 2;
}

class stream_state {
public:
  stream_state(caf::event_based_actor* self, router_actor router,
               std::shared_ptr<paced_stream> stream,
               clock_type::duration first_tick)
    : self_{self}, router_{std::move(router)}, stream_{std::move(stream)},
      next_tick_{last_tick_ + first_tick} {}

  void handle_tick() {
    auto now = clock_type::now();
    std::chrono::duration<double> passed = now - last_tick_;
    last_tick_ = now;
    // Who could not keep up does not make up for more than a second.
    if (auto rate = stream_->get().messages_per_second)
      due_ = std::min(due_ + *rate * passed.count(), *rate);
    send_due();
    wait_for_tick();
  }

  void wait_for_tick() {
    auto now = clock_type::now();
    send_later(self_, std::max(next_tick_ - now, clock_type::duration{0}), 0);
    next_tick_ = std::max(next_tick_, now) + tick_time;
  }

private:
  void send_due() {
    auto pace = stream_->get();
    auto size = static_cast<double>(pace.batch);
    while (open_ < pace.max_batches) {
      if (pace.messages_per_second && due_ < size)
        return;
      due_ -= pace.messages_per_second ? size : due_;
      send(pace.batch);
    }
  }

  void send(std::size_t size) {
    node_out_batch batch;
    auto first = next_;
    for (std::size_t i = 0; i < size; ++i)
      batch.msgs.push_back(message(next_++));
    stream_->change([size](paced_amount& x) { x.sent += size; });
    ++open_;
    auto since = clock_type::now();
    self_->request(router_, caf::infinite, std::move(batch))
      .then(
        [this, first, size, since](const batch_outcome& outcome) {
          count(first, size, since, outcome);
          --open_;
          send_due();
        },
        [this, size](const caf::error& error) {
          --open_;
          stream_->change(
            [&](paced_amount& x) { x.failures[describe(error)] += size; });
        });
  }

  [[nodiscard]] node_out_msg message(std::uint64_t number) const {
    node_out_msg result;
    result.expiry = expiry;
    result.msg.sender.name = "sender";
    result.msg.target = {stream_->to(), "inbox"};
    result.msg.msg = to_bytes(numbered_text(number));
    return result;
  }

  void count(std::uint64_t first, std::size_t size,
             clock_type::time_point since, const batch_outcome& outcome) {
    auto time = clock_type::now() - since;
    stream_->change([&](paced_amount& x) {
      x.delivered += outcome.delivered;
      x.sum += sum_below(first + size) - sum_below(first);
      for (const auto& failure : outcome.failures) {
        ++x.failures[std::string{to_string(failure.error)}];
        x.sum -= first + failure.index;
      }
      if (outcome.delivered == 0)
        x.longest_refusal = std::max(x.longest_refusal, time);
      else if (outcome.failures.empty())
        x.delays.push_back(time);
    });
  }

  caf::event_based_actor* self_;
  router_actor router_;
  std::shared_ptr<paced_stream> stream_;
  clock_type::time_point last_tick_ = clock_type::now();
  clock_type::time_point next_tick_;
  double due_ = 0;
  std::uint64_t next_ = 0;
  std::size_t open_ = 0;
};

caf::behavior stream_behavior(caf::event_based_actor* self,
                              const router_actor& router,
                              std::shared_ptr<paced_stream> stream,
                              clock_type::duration first_tick) {
  auto state =
    std::make_shared<stream_state>(self, router, std::move(stream), first_tick);
  state->wait_for_tick();
  return {[state](int) {
    state->handle_tick();
  }};
}

} // namespace

std::uint64_t paced_amount::failed() const {
  std::uint64_t result = 0;
  for (const auto& [error, count] : failures)
    result += count;
  return result;
}

void paced_stream::set(const pace& x) {
  std::lock_guard lock{mutex_};
  pace_ = x;
}

pace paced_stream::get() const {
  std::lock_guard lock{mutex_};
  return pace_;
}

paced_amount paced_stream::amount() const {
  std::lock_guard lock{mutex_};
  return amount_;
}

paced_sender::system_config::system_config() {
  init(*this);
  use_sharing_scheduler(*this);
  test::set_scheduler_threads(*this, 2);
}

paced_sender::paced_sender(const std::vector<node_advert>& to,
                           const peer_settings& settings) {
  node_config config;
  config.self = std::make_shared<identity>(make_identity());
  config.adverts = to;
  config.settings = settings;
  config.shutdown_grace = shutdown_grace;
  auto local = spawn_node(system_, std::move(config));
  REQUIRE_MESSAGE(local, test::reason(local));
  node_.emplace(std::move(*local));
  loop_ = event_loop::of(system_, 1).value().front();
  // Not all at the same moment: each would wait for those in front of it.
  auto ticks_apart = clock_type::duration{tick_time} / to.size();
  for (const auto& advert : to) {
    auto first_tick = ticks_apart * streams_.size();
    streams_.push_back(std::make_shared<paced_stream>(advert.id));
    actors_.push_back(system_.spawn(stream_behavior, node_->router(),
                                    streams_.back(), first_tick));
  }
}

paced_sender::~paced_sender() {
  shutdown();
  for (const auto& actor : actors_)
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
}

} // namespace node_proxy::testing
