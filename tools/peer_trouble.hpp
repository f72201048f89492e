// What keeps a peer from being connected, as the events of a node tell.

#pragma once

#include <string>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/messages/identities.hpp>

namespace node_proxy::tools {

/// Observes a node for one of its peers.
class peer_trouble {
public:
  /// @param system has to live longer.
  peer_trouble(caf::actor_system& system, const node_id& peer);
  peer_trouble(const peer_trouble&) = delete;
  peer_trouble& operator=(const peer_trouble&) = delete;
  ~peer_trouble();

  /// For `node_config::observer`.
  [[nodiscard]] const caf::actor& observer() const { return observer_; }

  /// The last failure in words, after all events that have come; empty if the
  /// peer was connected since, or nothing failed.
  [[nodiscard]] std::string text() const;

private:
  caf::actor_system& system_;
  caf::actor observer_;
};

} // namespace node_proxy::tools
