#include <node_proxy/actors/transport/handshake_worker.hpp>

#include <algorithm>
#include <cstddef>
#include <thread>
#include <utility>

#include <sched.h>

#include <node_proxy/actors/loop/now.hpp>

namespace node_proxy::internal {

namespace {

/// Tells the operating system that this thread computes, so that it need not
/// run at the very moment when it is woken.
void compute_in_background() noexcept {
  const sched_param no_priority{};
  // Somebody may have chosen another policy. It works without, only slower.
  if (::sched_getscheduler(0) == SCHED_OTHER)
    static_cast<void>(::sched_setscheduler(0, SCHED_BATCH, &no_priority));
}

handshake_worker::behavior_type worker_behavior(handshake_worker::pointer self,
                                                const peer_settings& settings) {
  compute_in_background();
  return {
    [](const read_init& msg) {
      auto request = msg.handshake->handle_init(msg.body);
      return request ? init_read{std::move(*request), std::nullopt}
                     : init_read{{}, request.error()};
    },
    [self, settings](const answer_init& msg) {
      auto frame = msg.handshake->handle_facts(
        msg.admitted.facts, msg.admitted.epoch, settings, now_of(self).steady);
      return frame ? init_answered{std::move(*frame), std::nullopt}
                   : init_answered{{}, frame.error()};
    },
  };
}

} // namespace

std::vector<handshake_worker>
spawn_handshake_workers(caf::actor_system& system,
                        const peer_settings& settings) {
  std::size_t processors = std::thread::hardware_concurrency();
  std::vector<handshake_worker> result;
  while (result.size()
         < std::clamp<std::size_t>(processors / 2, 1, max_handshake_workers))
    result.push_back(
      system.spawn<caf::detached + caf::hidden>(worker_behavior, settings));
  return result;
}

} // namespace node_proxy::internal
