// What this process costs the processors.

#pragma once

namespace bench {

/// Seconds of processor time that this process has taken so far, in all its
/// threads, those spent in the system for it included.
[[nodiscard]] double cpu_seconds();

} // namespace bench
