// The process with the node that is called.

#pragma once

#include <cstddef>

namespace bench {

/// Prints the advert of its node, which takes `peers` peers and has an engine
/// called `sink`. Then it answers each request by the processor time that it
/// has taken so far, in seconds.
void respond(std::size_t peers);

} // namespace bench
