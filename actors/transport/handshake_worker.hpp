// Workers: compute what handshakes cost.

#pragma once

#include <cstddef>
#include <memory>
#include <variant>
#include <vector>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/local_messages.hpp>
#include <node_proxy/messages/basics.hpp>
#include <node_proxy/messages/connect_request.hpp>
#include <node_proxy/protocol/ids.hpp>
#include <node_proxy/protocol/node/admission.hpp>
#include <node_proxy/protocol/session/handshake.hpp>
#include <node_proxy/protocol/settings.hpp>

namespace node_proxy::internal {

/// One half of a handshake, see `handshake_work`. Nobody else uses the
/// handshake meanwhile.
struct handshake_job {
  connection_id connection = 0;
  std::shared_ptr<responder_handshake> handshake;
  /// The first frame, to be read; or how to answer it.
  std::variant<bytes, admission> input;
};

struct handshake_result {
  connection_id connection = 0;
  /// Who calls; or the frame that answers; or why there is neither.
  std::variant<connect_request, bytes, handshake_error> output;
};

/// Some at a time: to wake a thread takes as long as a part of a handshake.
struct handshake_jobs {
  std::vector<handshake_job> jobs;
};

/// Those of all jobs, in their order.
struct handshake_results {
  std::vector<handshake_result> results;
};

using handshake_worker = actor_interface<handshake_results(handshake_jobs)>;

/// How many there are at most. For one handshake the event loop has a fourth of
/// the work of a worker, so that more of them would have to wait for it.
inline constexpr std::size_t max_handshake_workers = 4;

/// Spawns workers with threads of their own, since a handshake takes as long as
/// hundreds of messages: those who are connected are not to wait for those who
/// want to be. They are half as many as there are processors, within
/// `max_handshake_workers` and one at least, whoever calls, and let others go
/// first.
[[nodiscard]] std::vector<handshake_worker>
spawn_handshake_workers(caf::actor_system& system,
                        const peer_settings& settings);

} // namespace node_proxy::internal
