// CAF's own remoting beside nodes. Whoever includes this links CAF::io.

#pragma once

#include <caf/all.hpp>
#include <caf/io/all.hpp>

namespace node_proxy {

/// Loads CAF's middleman, which joins the processes of one deployment
/// (docs/TYPED_ENGINES.md). To be called before `init`, as CAF's own types come
/// first in 1.x.
inline void load_middleman(caf::actor_system_config& cfg) {
#if CAF_MAJOR_VERSION >= 1
  caf::core::init_global_meta_objects();
  caf::io::middleman::init_global_meta_objects();
#endif
  cfg.load<caf::io::middleman>();
}

} // namespace node_proxy
