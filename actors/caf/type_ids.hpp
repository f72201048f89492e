// Telling CAF of type ids.

#pragma once

#include <caf/all.hpp>

namespace node_proxy::internal {

/// Makes the type ids of these blocks known to CAF: for all actor systems of
/// the process in 1.x (where it also does this for CAF itself), for those made
/// with `cfg` in 0.17. The blocks come in ascending order of their ids.
template <class... Blocks>
void add_type_ids([[maybe_unused]] caf::actor_system_config& cfg) {
#if CAF_MAJOR_VERSION >= 1
  caf::core::init_global_meta_objects();
  (caf::init_global_meta_objects<Blocks>(), ...);
#else
  (cfg.add_message_types<Blocks>(), ...);
#endif
}

} // namespace node_proxy::internal
