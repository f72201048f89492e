// CAF's own remoting beside nodes. Whoever includes this links CAF::io. CAF
// asks for all messages of an actor that is published, or found elsewhere:
// those of Routers and Node Proxies are included.

#pragma once

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <node_proxy/actors/caf/version_check.hpp>
#include <node_proxy/actors/node_status.hpp>
#include <node_proxy/actors/operator_messages.hpp>
#include <node_proxy/actors/router.hpp>
#include <node_proxy/messages/node_proxy_msg.hpp>

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
