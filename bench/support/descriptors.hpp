// Room for many sockets.

#pragma once

#include <cstddef>

namespace bench {

/// Lets this process, and those that it starts, have `sockets` descriptors
/// besides what it needs anyway. Throws `std::runtime_error` that names the
/// limit of the system if that is too low.
void make_room_for(std::size_t sockets);

} // namespace bench
