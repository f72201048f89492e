// An actor system that CAF's middleman joins with others.

#pragma once

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/caf/remoting.hpp>
#include <node_proxy/actors/node.hpp>

#include "support/scheduler_threads.hpp"

namespace test {

/// As a user has it who wants both.
struct remoting_config : caf::actor_system_config {
  remoting_config() {
    node_proxy::load_middleman(*this);
    node_proxy::init(*this);
    node_proxy::use_sharing_scheduler(*this);
    set_scheduler_threads(*this, 2);
  }
};

} // namespace test
