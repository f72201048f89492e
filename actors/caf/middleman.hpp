// CAF's middleman in a program with nodes. Whoever includes this links caf_io.

#pragma once

#include <caf/io/all.hpp>

#include <node_proxy/actors/caf/compat.hpp>

namespace node_proxy {

/// Loads the middleman, by which a Router is published and found, as the
/// coordinator of workers for instance. To be called before `init`.
inline void load_middleman(caf::actor_system_config& cfg) {
#if CAF_MAJOR_VERSION >= 1
  caf::core::init_global_meta_objects();
  caf::io::middleman::init_global_meta_objects();
#endif
  cfg.load<caf::io::middleman>();
}

} // namespace node_proxy
