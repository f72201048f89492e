// Why a peer that is wanted is not dialled.

#pragma once

#include <optional>

#include <node_proxy/protocol/peer/peer_action.hpp>
#include <node_proxy/protocol/peer/peer_adverts.hpp>
#include <node_proxy/protocol/peer/peer_wishes.hpp>
#include <node_proxy/protocol/peer_status.hpp>

namespace node_proxy::internal {

/// Says what keeps a peer from being dialled, and knows whether operators have
/// been told.
class dial_obstacles {
public:
  /// It looks at the others, which outlive it, and changes none of them.
  dial_obstacles(const peer_adverts& adverts, const peer_wishes& wishes)
    : adverts_(adverts), wishes_(wishes) {}

  /// Something else is known of the peer's addresses, or it is connected: what
  /// was told is no news of what comes then.
  void handle_change() { told_ = false; }

  /// Whether operators are to be told if the peer cannot be dialled: once, if
  /// anybody has vouched for it.
  [[nodiscard]] bool untold() const {
    return !told_ && !wishes_.about_stranger();
  }

  /// What operators are told: the peer is wanted, and not dialled.
  [[nodiscard]] peer_unreachable poll_report();

  /// Why the peer is not dialled, if there is a reason.
  [[nodiscard]] std::optional<dial_obstacle> current() const;

private:
  const peer_adverts& adverts_;
  const peer_wishes& wishes_;
  // Since the last change.
  bool told_ = false;
};

} // namespace node_proxy::internal
