// Whether a connection to a peer is wanted, and may be had.

#pragma once

#include <optional>

#include <node_proxy/messages/connection_permanence.hpp>
#include <node_proxy/protocol/peer/connections.hpp>
#include <node_proxy/protocol/peer/delivery.hpp>
#include <node_proxy/protocol/peer/peer_adverts.hpp>
#include <node_proxy/protocol/peer/standing.hpp>
#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

/// What this node wants of a peer, who it is to this node, and what follows
/// from both: whether it is dialled, may be left, and when there is nothing to
/// do about it any more.
class peer_wishes {
public:
  /// It looks at the others, which outlive it, and changes none of them.
  peer_wishes(const connections& links, const delivery& messages,
              const peer_adverts& adverts)
    : connections_(links), delivery_(messages), adverts_(adverts) {}

  // -- events -----------------------------------------------------------------

  void handle_standing(peer_standing standing) { standing_ = standing; }

  void handle_permanence(connection_permanence permanence) {
    permanent_ = permanence == connection_permanence::permanent;
  }

  /// Somebody wants the peer connected, once.
  /// @returns false if it is not, and no way to it is known.
  [[nodiscard]] bool handle_connect() {
    wanted_once_ = !connected() && connections_.has_addresses();
    return connected() || wanted_once_;
  }

  /// The peer is connected, or the attempt has come to nothing, or nobody wants
  /// that any more.
  void handle_connect_end() { wanted_once_ = false; }

  /// Other addresses of the peer are known.
  void handle_addresses() {
    wanted_once_ = wanted_once_ && connections_.has_addresses();
  }

  /// This node stops: what was taken before may go until then.
  void handle_shutdown(steady_time deadline) { stopping_ = stopping{deadline}; }

  /// Nothing goes any more, if this node stops.
  void handle_drained() {
    if (stopping_)
      stopping_->draining = false;
  }

  // -- who it is to this node -------------------------------------------------

  [[nodiscard]] peer_standing standing() const { return standing_; }

  [[nodiscard]] bool about_stranger() const { return is_stranger(standing_); }

  [[nodiscard]] bool permanent() const { return permanent_; }

  // -- about connections ------------------------------------------------------

  /// Somebody wants the peer connected, once, and it has not come to that.
  [[nodiscard]] bool wanted_once() const { return wanted_once_; }

  [[nodiscard]] bool wants_connection() const;

  /// Whoever wants a connection or not: what there is goes on.
  [[nodiscard]] bool wants_dials() const {
    return wants_connection() || (connections_.renews() && !stopping_);
  }

  /// A stranger is dialled no more often than it has called: nobody else can
  /// have it dialled again and again.
  [[nodiscard]] bool may_dial() const {
    return !about_stranger() || adverts_.earned() > 0;
  }

  /// Nothing is left to be said on either side, and nobody wants the connection
  /// for its own sake.
  [[nodiscard]] bool may_close_idle() const {
    return !permanent_ && delivery_.idle();
  }

  // -- the end ----------------------------------------------------------------

  /// Until when this node stops, if it does.
  [[nodiscard]] std::optional<steady_time> stops_at() const {
    return stopping_ ? std::optional{stopping_->deadline} : std::nullopt;
  }

  /// This node stops, and nothing goes any more.
  [[nodiscard]] bool drained() const {
    return stopping_ && !stopping_->draining;
  }

  /// This node stops, and what is queued has time and a way to go. That the
  /// peer may come by itself is not waited for.
  [[nodiscard]] bool drains(steady_time now) const;

  /// What both ends have finished begins anew. What never came to a connection
  /// has nothing to go on with.
  [[nodiscard]] bool finished() const {
    return (connections_.finished() && delivery_.finished())
           || !connections_.last_established();
  }

  /// From when on there is nothing to do about the peer; nothing while
  /// something is under way.
  [[nodiscard]] std::optional<steady_time> dormant_from() const;

private:
  // What is left once this node stops.
  struct stopping {
    steady_time deadline;
    // Until then what is queued may still go, on a new connection if need be.
    bool draining = true;
  };

  bool connected() const { return connections_.active() != nullptr; }

  const connections& connections_;
  const delivery& delivery_;
  const peer_adverts& adverts_;
  peer_standing standing_ = peer_standing::guest;
  bool permanent_ = false;
  bool wanted_once_ = false;
  std::optional<stopping> stopping_;
};

} // namespace node_proxy::internal
