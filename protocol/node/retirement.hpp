// How a Node Proxy ends that has nothing to do.

#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include <node_proxy/base/fifo.hpp>
#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

/// The Router's half of the retirement of one Node Proxy.
///
/// The law: *a Node Proxy ends only if it has handled all that was ever sent to
/// it, and nothing is lost.* The two know of each other only by messages, which
/// take time and cross each other, but keep their order each way. So:
///
/// 1. Both count what the Router sends.
/// 2. A Node Proxy that has nothing to do offers to retire, and says how much
///    it has handled. From then on it takes nothing from users who have got its
///    handle: they wait.
/// 3. If the Router has sent no more than that, it says `retire`, forgets the
///    Node Proxy, and spawns another one when there is something to do again.
///    All who wait, and whoever still has the handle, are passed on to it by
///    way of the Router.
/// 4. Otherwise it says nothing: what it has sent is on its way, and withdraws
///    the offer. Those who wait come first, as they spoke first.
class router_retirement {
public:
  /// Something was sent to the Node Proxy, whatever it was.
  void handle_sent() { ++sent_; }

  /// @param handled what the Node Proxy says that it has.
  /// @returns whether it is to retire. Nothing may be sent to it then but that.
  [[nodiscard]] bool grants(std::uint64_t handled) const {
    return handled == sent_;
  }

private:
  std::uint64_t sent_ = 0;
};

/// The Node Proxy's half, see `router_retirement`.
/// @tparam Held what a user said.
template <class Held>
class proxy_retirement {
public:
  // -- events -----------------------------------------------------------------

  /// Something came from the Router. Before it is handled `poll_held` is to be
  /// called until it is empty.
  void handle_routed() {
    ++handled_;
    if (state_ == state::offered)
      state_ = state::withdrawn;
  }

  /// A user was given the handle, and may use it before the end of `rest`.
  void handle_given_out(steady_time rest) {
    given_out_ = true;
    not_before_ = std::max(not_before_, rest);
  }

  /// A user said something while `holds()`.
  void handle_held(Held held) { held_.push_back(std::move(held)); }

  /// The Router said `retire`.
  void handle_retire() { state_ = state::retired; }

  // -- results ----------------------------------------------------------------

  /// What to offer, if there is nothing to do: how much has been handled.
  [[nodiscard]] std::optional<std::uint64_t> poll_offer(steady_time now) {
    // The Router has a reason to spawn a Node Proxy, which comes first.
    if (state_ != state::serving || handled_ == 0 || now < not_before_)
      return std::nullopt;
    state_ = state::offered;
    return handled_;
  }

  /// What waits no longer: the next thing to be taken or, if this has
  /// `retired()`, passed on. There is no further offer before the last one.
  [[nodiscard]] std::optional<Held> poll_held() {
    if (state_ == state::offered)
      return std::nullopt;
    if (!held_.empty())
      return held_.take_front();
    if (state_ == state::withdrawn)
      state_ = state::serving;
    return std::nullopt;
  }

  /// When there may be something to offer, if that is not yet.
  [[nodiscard]] std::optional<steady_time> poll_timeout(steady_time now) const {
    if (now >= not_before_)
      return std::nullopt;
    return not_before_;
  }

  // -- state ------------------------------------------------------------------

  /// What users say waits for the Router's word.
  [[nodiscard]] bool holds() const {
    return state_ == state::offered || state_ == state::withdrawn;
  }

  /// What users say is passed on.
  [[nodiscard]] bool retired() const { return state_ == state::retired; }

  /// Some user has the handle.
  [[nodiscard]] bool given_out() const { return given_out_; }

private:
  enum class state {
    serving,
    offered,
    // The offer was overtaken, and some still wait.
    withdrawn,
    retired,
  };

  state state_ = state::serving;
  std::uint64_t handled_ = 0;
  steady_time not_before_{};
  bool given_out_ = false;
  fifo<Held> held_;
};

} // namespace node_proxy::internal
