#include <node_proxy/actors/loop/stopwatch.hpp>

#include <chrono>

#include <sys/resource.h>

namespace node_proxy::internal {

namespace {

duration to_duration(const timeval& x) {
  return std::chrono::seconds{x.tv_sec} + std::chrono::microseconds{x.tv_usec};
}

} // namespace

stopwatch::stopwatch(steady_time begun, bool closely) : begun_{begun} {
  if (closely)
    usage_ = usage_of_thread();
}

duration stopwatch::elapsed(steady_time now) const {
  auto took = now - begun_;
  if (!usage_)
    return took;
  auto present = usage_of_thread();
  auto only_ran = present.waited == usage_->waited;
  auto was_preempted = present.preempted != usage_->preempted;
  return only_ran && was_preempted ? present.ran - usage_->ran : took;
}

stopwatch::usage stopwatch::usage_of_thread() {
  rusage x{};
  ::getrusage(RUSAGE_THREAD, &x);
  return {to_duration(x.ru_utime) + to_duration(x.ru_stime), x.ru_nivcsw,
          x.ru_nvcsw};
}

} // namespace node_proxy::internal
