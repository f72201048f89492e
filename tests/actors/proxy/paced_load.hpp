// Messages at a constant rate, and how they fare.

#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/messages/engine_msg.hpp>
#include <node_proxy/messages/identities.hpp>

#include "actors/node_fixture.hpp"

namespace test {

/// How messages fared that were due in a certain time.
struct service {
  /// Of those that were due, how many were delivered in that time.
  double kept = 0;
  /// 99 of 100 batches that were sent in that time took less.
  std::chrono::milliseconds p99{0};
};

/// An actor of `from` that sends batches to the engine "sink" of another node,
/// every millisecond what is due, whatever became of those before.
class paced_load {
public:
  paced_load(test_node& from, const node_id& to, std::uint64_t per_second);
  paced_load(const paced_load&) = delete;
  paced_load& operator=(const paced_load&) = delete;
  ~paced_load();

  /// Lets it go on for that time. Waits then, but not for ever, until nothing
  /// is under way.
  service measure(std::chrono::milliseconds time);

private:
  using clock_type = std::chrono::steady_clock;

  struct sample {
    clock_type::time_point sent;
    clock_type::duration took{};
  };

  // What the actor and the test share.
  struct record {
    std::mutex mutex;
    std::condition_variable all_answered;
    bool running = false;
    clock_type::time_point begun;
    std::uint64_t due = 0; // messages that were sent since
    std::uint64_t delivered = 0;
    std::size_t open = 0;
    std::vector<sample> samples;
  };

  struct state;

  void begin();
  void await_rest();
  std::chrono::milliseconds p99();

  std::shared_ptr<record> record_ = std::make_shared<record>();
  std::uint64_t per_second_;
  caf::actor actor_;
};

} // namespace test
