// How fast this machine seals, opens and agrees on keys, on one core.

#pragma once

#include "support/transfer_options.hpp"

namespace bench {

/// Seals and opens messages with each cipher that this processor has. Prints a
/// line for each.
void measure_aead(const transfer_options& options);

/// The X25519 of a key with a point of another's, and with the base point.
/// Prints a line for each.
void measure_x25519(const transfer_options& options);

} // namespace bench
