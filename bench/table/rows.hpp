// The lines of the table: what was measured, beside what it is compared with
// and what it is meant to reach.

#pragma once

#include "table/results.hpp"
#include "table/table.hpp"

namespace bench {

/// This module beside CAF's own remoting, ZeroMQ and the limit of the machine.
[[nodiscard]] table compare(const results& all);

/// The medians of what this module is compared with.
[[nodiscard]] table list_others(const results& all);

} // namespace bench
