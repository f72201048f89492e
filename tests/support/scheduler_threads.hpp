// How many threads the schedulers of tests have.

#pragma once

#include <cstddef>

#include <caf/all.hpp>

namespace test {

/// Sets how many threads run actors, brokers not included.
inline void set_scheduler_threads(caf::actor_system_config& cfg,
                                  std::size_t threads) {
#if CAF_MAJOR_VERSION >= 1
  cfg.set("caf.scheduler.max-threads", threads);
#else
  cfg.set("scheduler.max-threads", threads);
#endif
}

} // namespace test
