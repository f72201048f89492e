// Signals that a write can raise.

#pragma once

#include <csignal>

namespace node_proxy::internal {

/// As long as this lives, a write of this thread that goes beyond the limit of
/// file sizes (SIGXFSZ), or to a pipe that nobody reads (SIGPIPE), fails with
/// an error instead of ending the process. How the process handles these
/// signals stays its own business.
class write_signals_blocked {
public:
  write_signals_blocked() noexcept;
  write_signals_blocked(const write_signals_blocked&) = delete;
  write_signals_blocked& operator=(const write_signals_blocked&) = delete;
  ~write_signals_blocked();

private:
  sigset_t ours_{};
  sigset_t before_{};
};

} // namespace node_proxy::internal
