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

/// What came of one half.
template <class T>
decltype(handshake_result::output)
to_output(expected<T, handshake_error> result) {
  if (!result)
    return result.error();
  return std::move(*result);
}

decltype(handshake_result::output) compute(const handshake_job& job,
                                           const peer_settings& settings,
                                           steady_time now) {
  auto& handshake = *job.handshake;
  if (auto first_frame = std::get_if<bytes>(&job.input))
    return to_output(handshake.handle_init(*first_frame));
  const auto& admitted = std::get<admission>(job.input);
  return to_output(
    handshake.handle_facts(admitted.facts, admitted.epoch, settings, now));
}

handshake_worker::behavior_type worker_behavior(handshake_worker::pointer self,
                                                const peer_settings& settings) {
  compute_in_background();
  return {
    [self, settings](const handshake_jobs& msg) {
      handshake_results results;
      results.results.reserve(msg.jobs.size());
      for (const auto& x : msg.jobs)
        results.results.push_back(
          {x.connection, compute(x, settings, now_of(self).steady)});
      return results;
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
