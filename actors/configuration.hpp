// Settings of nodes in the configuration of their actor system.

#pragma once

#include <caf/fwd.hpp>

#include <node_proxy/actors/caf/version_check.hpp>
#include <node_proxy/actors/error.hpp>
#include <node_proxy/actors/node_config.hpp>
#include <node_proxy/base/export.hpp>

namespace node_proxy {

/// `base` with what the command line and the configuration file of an actor
/// system say: options of the group `node-proxy`, all of them in
/// docs/CONFIGURATION.md. `init` adds them to `cfg`, so call it before
/// `cfg.parse`. What is not set stays as it is.
/// Errors: bad_config, which names the option and says what was expected.
[[nodiscard]] NODE_PROXY_EXPORT caf::expected<node_config>
configured(node_config base, const caf::actor_system_config& cfg);

} // namespace node_proxy
