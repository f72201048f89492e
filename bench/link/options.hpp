// What bench_link is to do.

#pragma once

#include <cstddef>
#include <string>

#include <node_proxy/actors/node_config.hpp>

#include "support/transfer_options.hpp"

namespace bench {

/// The modes: "batch" is `node_out_batch` and `engine_msg_batch`, "single" one
/// actor message each on both ends, "round_trip" there and back, one at a time.
struct link_options : transfer_options {
  /// Nodes that receive, all in the other process.
  std::size_t peers = 1;
  /// Engines of each of them that receive.
  std::size_t engines = 1;
  /// Engines that send, all on the one node in this process.
  std::size_t senders = 1;
  /// Messages in a batch, 0 for what suits the size.
  std::size_t batch = 0;
  /// Messages of one sender whose outcome is not known, 0 for what suits the
  /// mode and the size.
  std::size_t outstanding = 0;
  /// Bytes of messages to another engine that go the same way during a round
  /// trip, as many as the node takes; 0 for none.
  std::size_t bulk = 0;
  /// `node_config::busy_poll` of both ends, in microseconds.
  std::size_t busy_poll = 0;
  /// `node_config::event_loops` of both ends: 0 for as many as there are
  /// processors.
  std::size_t loops = 0;
  bool chacha = false;
  bool sharing = false;
  bool count_allocations = false;
};

/// The name of the engine number `index` of a node that receives.
[[nodiscard]] std::string sink_name(std::size_t index);

/// The name of the engine that takes what goes beside round trips.
inline constexpr const char* bulk_name = "bulk";

/// Fills in what was left open.
[[nodiscard]] link_options with_defaults(link_options options);

/// A node at either end.
[[nodiscard]] node_proxy::node_config make_link_config(const link_options& x);

/// The cipher that both ends agree on.
[[nodiscard]] std::string cipher_name(const link_options& options);

} // namespace bench
