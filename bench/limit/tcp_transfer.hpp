// Plain TCP between two processes.

#pragma once

#include "support/other_side.hpp"
#include "support/transfer_options.hpp"

namespace bench {

/// Writes messages one by one, or sends them there and back. Prints a line; in
/// one direction with the processor time that each end took.
void measure_tcp(const transfer_options& options, other_side& other);

/// The other end.
void serve_tcp(const transfer_options& options);

} // namespace bench
