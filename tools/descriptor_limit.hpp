// How many descriptors a program may have.

#pragma once

namespace node_proxy::tools {

/// Lets this process have as many as it may: usually it begins with 1024 only,
/// and each connection takes one.
void allow_descriptors();

} // namespace node_proxy::tools
