// Somebody who has the key of a node, and calls under the other id of that key.

#pragma once

#include <optional>

#include <node_proxy/protocol/session/handshake.hpp>
#include <node_proxy/protocol/wire/frame.hpp>

#include "network.hpp"

namespace simulation {

/// Calls once, has nothing to say, and hangs up after a while.
class twin_caller : public stream_user {
public:
  /// @param who has the key.
  twin_caller(network& net, const node& to,
              const std::shared_ptr<const identity>& who,
              const secret_key& ephemeral, duration stay);

  /// What became of the call; nothing while that is open.
  enum class outcome { open, taken, denied, over_capacity, failed };

  [[nodiscard]] outcome result() const { return result_; }

  void handle_accepted(connection_id) override {}
  void handle_data(connection_id id, bytes_view data) override;
  void handle_written(connection_id, std::size_t) override {}
  void handle_closed(connection_id, close_reason) override { end(); }

private:
  void handle_reply(connection_id id, bytes_view body);
  void hang_up(connection_id id);
  void end();

  network& net_;
  duration stay_;
  initiator_handshake handshake_;
  deframer input_{limits::handshake_body};
  std::optional<session> session_;
  bool open_ = true;
  outcome result_ = outcome::open;
};

} // namespace simulation
