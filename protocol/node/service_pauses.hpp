// How often a peer is served again that nobody was able to serve.

#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include <node_proxy/base/fifo.hpp>
#include <node_proxy/messages/identities.hpp>
#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

/// Keeps a peer whose Node Proxy fails each time from taking up the node: it is
/// served again at once, but after that not before a pause is over.
class service_pauses {
public:
  static constexpr duration pause = std::chrono::seconds{1};

  /// A peer was served, and that has come to nothing.
  /// @returns whether it may be served again at once. If not, `poll_due` gives
  ///          it later.
  [[nodiscard]] bool handle_failure(const node_id& id, steady_time now) {
    auto [at, is_new] = waits_.try_emplace(id, false);
    if (is_new)
      order_.emplace_back(now + pause, id);
    else
      at->second = true;
    return is_new;
  }

  /// A peer whose pause is over and that is to be served: the next pause begins
  /// with that.
  [[nodiscard]] std::optional<node_id> poll_due(steady_time now) {
    while (!order_.empty() && order_.front().first <= now) {
      auto id = order_.take_front().second;
      if (waits_.extract(id).mapped()) {
        static_cast<void>(handle_failure(id, now));
        return id;
      }
    }
    return std::nullopt;
  }

  /// When to ask again.
  [[nodiscard]] std::optional<steady_time> poll_timeout() const {
    return order_.empty() ? std::nullopt : std::optional{order_.front().first};
  }

private:
  // Who is in a pause, and whether it is to be served after that.
  std::map<node_id, bool> waits_;
  // Their ends. All pauses are of one length, so the oldest one ends first.
  fifo<std::pair<steady_time, node_id>> order_;
};

} // namespace node_proxy::internal
