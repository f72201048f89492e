// The process with all other ends.

#pragma once

#include <cstddef>

namespace bench {

/// Answers a request "NUMBER ADVERT" when so many peers, numbered from 0, are
/// connected to the node that the advert names, and keeps them there. There
/// are at most `max_peers`.
void be_others(std::size_t max_peers);

} // namespace bench
