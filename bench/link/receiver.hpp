// The process with the nodes that receive.

#pragma once

#include "link/options.hpp"

namespace bench {

/// Prints the adverts of its nodes, a JSON list of hexadecimal texts. Then it
/// answers requests:
///
/// - `begin`: what comes from now on counts.
/// - `count`: an object with what came since: `messages`, and `actor_messages`
///   that they came in. With `count_allocations`, also `allocations`, and
///   `needed_allocations` that it takes to hand the same messages from one
///   actor to the engine, in requests of the same size, without any network.
void receive(const link_options& options);

} // namespace bench
