// Where the coordinator of a node and its workers meet: a port of CAF's
// middleman.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/router.hpp>
#include <node_proxy/messages/basics.hpp>

namespace node_proxy::tools {

/// What `--workers-at` and `--coordinator` name.
struct worker_place {
  std::string ip;
  std::uint16_t port = 0;
  bool loopback = false;

  /// "IP:PORT".
  [[nodiscard]] std::string text() const;
};

/// Reads IP:PORT, an IPv6 address in brackets.
[[nodiscard]] tl::expected<worker_place, std::string>
parse_worker_place(std::string_view text);

/// Lets workers find a node there. Errors: a sentence that names the place.
/// @returns the port, also if that was 0.
[[nodiscard]] tl::expected<std::uint16_t, std::string>
publish_to_workers(caf::actor_system& system, const router_actor& router,
                   const worker_place& where);

/// The node that is published there. Errors: a sentence that names the place.
[[nodiscard]] tl::expected<router_actor, std::string>
find_coordinator(caf::actor_system& system, const worker_place& where);

} // namespace node_proxy::tools
