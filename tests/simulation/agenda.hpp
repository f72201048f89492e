// What is to happen on a simulated clock.

#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include <node_proxy/protocol/timestamp.hpp>

namespace simulation {

using namespace node_proxy;

/// Whose event it is: a node, or a connection.
using owner_id = std::uint64_t;

/// Events by time. Those of the same time come in the order of their owners,
/// and for one owner in the order in which they were added; so what one owner
/// does never changes the order of what two others do.
class agenda {
public:
  struct key {
    steady_time at{};
    owner_id owner = 0;
    std::uint64_t serial = 0;

    friend auto operator<=>(const key&, const key&) = default;
  };

  key add(steady_time at, owner_id owner, std::function<void()> what) {
    key result{at, owner, ++serials_[owner]};
    events_.emplace(result, std::move(what));
    return result;
  }

  void remove(const key& event) { events_.erase(event); }

  [[nodiscard]] std::optional<steady_time> next() const {
    if (events_.empty())
      return std::nullopt;
    return events_.begin()->first.at;
  }

  /// Takes out the next event.
  std::pair<steady_time, std::function<void()>> poll() {
    auto node = events_.extract(events_.begin());
    return {node.key().at, std::move(node.mapped())};
  }

private:
  std::map<key, std::function<void()>> events_;
  std::map<owner_id, std::uint64_t> serials_;
};

} // namespace simulation
