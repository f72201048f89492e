// A stream of messages in the demonstration.

#pragma once

#include <string>
#include <string_view>

#include "demo_node.hpp"

namespace node_proxy::tools {

/// Numbered messages from one node to another. Whatever is lost, doubled, out
/// of order or not acknowledged throws `demo_failed`.
class demo_stream {
public:
  /// Octets of each message.
  static constexpr std::size_t message_size = 200;

  /// @param receiver_id is the id of the node `to`.
  demo_stream(demo_node& from, demo_node& to, std::string receiver_id,
              std::string_view engine)
    : from_{from}, to_{to}, receiver_id_{std::move(receiver_id)}, engine_{
                                                                    engine} {}

  /// Sends so many messages more.
  void send(int count);

  /// Waits until all that were sent have arrived.
  void await_arrival();

  /// Waits until all that were sent are known to be delivered.
  void await_delivery();

  /// How many have arrived so far.
  [[nodiscard]] int arrived() const { return arrived_; }

private:
  demo_node& from_;
  demo_node& to_;
  std::string receiver_id_;
  std::string engine_;
  std::vector<int> ids_;
  int arrived_ = 0;
};

} // namespace node_proxy::tools
