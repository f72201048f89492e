// Workers: compute what handshakes cost.

#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/local_messages.hpp>
#include <node_proxy/messages/basics.hpp>
#include <node_proxy/messages/connect_request.hpp>
#include <node_proxy/protocol/node/admission.hpp>
#include <node_proxy/protocol/session/handshake.hpp>
#include <node_proxy/protocol/settings.hpp>

namespace node_proxy::internal {

/// Read the first frame of a handshake.
struct read_init {
  std::shared_ptr<responder_handshake> handshake;
  bytes body;
};

struct init_read {
  connect_request request;
  /// Why there is no request.
  std::optional<handshake_error> error;
};

/// Answer a handshake whose first frame was read.
struct answer_init {
  std::shared_ptr<responder_handshake> handshake;
  admission admitted;
};

struct init_answered {
  /// The frame to send.
  bytes frame;
  /// Why there is none.
  std::optional<handshake_error> error;
};

/// Computes; nobody else uses the handshake meanwhile.
using handshake_worker =
  actor_interface<init_read(read_init), init_answered(answer_init)>;

/// How many there are at most. For one handshake the event loop has a fourth of
/// the work of a worker, so that more of them would have to wait for it.
inline constexpr std::size_t max_handshake_workers = 4;

/// Spawns workers with threads of their own, since a handshake takes as long as
/// hundreds of messages: those who are connected are not to wait for those who
/// want to be. They take half of the processors at most, or one if there is but
/// one, whoever calls, and let others go first.
[[nodiscard]] std::vector<handshake_worker>
spawn_handshake_workers(caf::actor_system& system,
                        const peer_settings& settings);

} // namespace node_proxy::internal
