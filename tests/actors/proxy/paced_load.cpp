#include "paced_load.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include <node_proxy/actors/caf/sending.hpp>

namespace test {

namespace {

constexpr std::chrono::milliseconds tick_time{1};

/// A batch that is longer waits for the next tick.
constexpr std::uint64_t max_batch = 1'000;

constexpr std::size_t payload = 64;

} // namespace

struct paced_load::state {
  caf::event_based_actor* self;
  router_actor router;
  node_out_msg msg;
  std::uint64_t per_second;
  std::shared_ptr<record> shared;

  void handle_tick() {
    send_later(self, tick_time, done{});
    std::unique_lock lock{shared->mutex};
    if (!shared->running)
      return;
    auto now = clock_type::now();
    std::chrono::duration<double> time = now - shared->begun;
    auto due = static_cast<std::uint64_t>(time.count()
                                          * static_cast<double>(per_second));
    auto size = std::min(due - std::min(due, shared->due), max_batch);
    if (size == 0)
      return;
    shared->due += size;
    ++shared->open;
    auto index = shared->samples.size();
    shared->samples.push_back({now});
    lock.unlock();
    node_out_batch batch;
    batch.msgs.assign(size, msg);
    send_request(self, router, caf::infinite, std::move(batch))
      .then(
        [this, index](const batch_outcome& outcome) {
          handle_outcome(index, outcome.delivered);
        },
        [this, index](const caf::error&) { handle_outcome(index, 0); });
  }

  void handle_outcome(std::size_t index, std::uint64_t delivered) const {
    std::lock_guard lock{shared->mutex};
    auto& x = shared->samples[index];
    x.took = clock_type::now() - x.sent;
    shared->delivered += delivered;
    if (--shared->open == 0)
      shared->all_answered.notify_all();
  }
};

paced_load::paced_load(test_node& from, const node_id& to,
                       std::uint64_t per_second)
  : per_second_{per_second} {
  auto msg = from.message_to(to, "sink", bytes(payload));
  actor_ = from.system.spawn(
    [router = from.node.router(), msg, per_second,
     shared = record_](caf::event_based_actor* self) -> caf::behavior {
      auto x =
        std::make_shared<state>(state{self, router, msg, per_second, shared});
      x->handle_tick();
      return {[x](done) {
        x->handle_tick();
      }};
    });
}

paced_load::~paced_load() {
  caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown);
}

service paced_load::measure(std::chrono::milliseconds time) {
  begin();
  std::this_thread::sleep_for(time);
  service result;
  {
    std::lock_guard lock{record_->mutex};
    record_->running = false;
    std::chrono::duration<double> passed = clock_type::now() - record_->begun;
    result.kept = static_cast<double>(record_->delivered)
                  / (passed.count() * static_cast<double>(per_second_));
  }
  await_rest();
  result.p99 = p99();
  return result;
}

void paced_load::begin() {
  std::lock_guard lock{record_->mutex};
  record_->samples.clear();
  record_->due = 0;
  record_->delivered = 0;
  record_->begun = clock_type::now();
  record_->running = true;
}

void paced_load::await_rest() {
  std::unique_lock lock{record_->mutex};
  if (!record_->all_answered.wait_for(lock, patience,
                                      [this] { return record_->open == 0; }))
    FAIL("messages that the test waits for are not delivered");
}

std::chrono::milliseconds paced_load::p99() {
  std::lock_guard lock{record_->mutex};
  std::vector<clock_type::duration> delays;
  for (const auto& x : record_->samples)
    delays.push_back(x.took);
  if (delays.empty())
    return std::chrono::milliseconds{0};
  auto at =
    delays.begin() + static_cast<std::ptrdiff_t>(delays.size() * 99 / 100);
  std::ranges::nth_element(delays, at);
  return std::chrono::duration_cast<std::chrono::milliseconds>(*at);
}

} // namespace test
