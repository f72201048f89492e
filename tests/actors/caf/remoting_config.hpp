// An actor system that CAF's middleman joins with others.

#pragma once

#include <caf/io/all.hpp>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/node.hpp>

namespace test {

/// As a user has it who wants both: CAF's own modules come first.
struct remoting_config : caf::actor_system_config {
  remoting_config() {
#if CAF_MAJOR_VERSION >= 1
    caf::core::init_global_meta_objects();
    caf::io::middleman::init_global_meta_objects();
#endif
    load<caf::io::middleman>();
    node_proxy::init(*this);
    node_proxy::use_sharing_scheduler(*this);
    node_proxy::set_scheduler_threads(*this, 2);
  }
};

} // namespace test
