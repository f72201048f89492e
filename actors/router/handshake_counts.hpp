// What has become of those who called a process of a node.

#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include <node_proxy/actors/exchange_messages.hpp>
#include <node_proxy/actors/transport/acceptor_messages.hpp>

namespace node_proxy::internal {

/// Counts their handshakes for its Router.
class handshake_counts {
public:
  /// @param took since the connection was accepted.
  void handle_proven(duration took) {
    ++proven_;
    times_.add(took);
  }

  void handle_failed(const handshake_failure& reason) {
    ++failed_[to_string(reason)];
  }

  /// Closes the connection of a peer that has proven itself in vain. It is told
  /// why, or that is counted if there is nothing to tell.
  void turn_down(const proven_connection& x, arrival_error error);

  [[nodiscard]] std::uint64_t proven() const { return proven_; }

  /// How long those took.
  [[nodiscard]] const duration_counts& times() const { return times_; }

  [[nodiscard]] std::vector<reason_count> failed() const;

private:
  std::uint64_t proven_ = 0;
  duration_counts times_;
  std::map<std::string_view, std::uint64_t> failed_;
};

} // namespace node_proxy::internal
