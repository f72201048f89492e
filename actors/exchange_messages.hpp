// Messages and answers between local actors that can cross CAF's own middleman,
// besides those of the specification.

#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <node_proxy/base/block_allocator.hpp>
#include <node_proxy/messages/engine_msg.hpp>
#include <node_proxy/messages/limits.hpp>
#include <node_proxy/messages/node_out_msg.hpp>
#include <node_proxy/protocol/counts.hpp>
#include <node_proxy/protocol/delivery/send_error.hpp>

namespace node_proxy {

/// The answer to `node_out_msg`: the remote engine has taken the message.
struct delivered {
  template <class Archive>
  void serialize(Archive&) {}

  friend bool operator==(delivered, delivered) = default;
};

/// Messages to one node that are answered together. All of them name the same
/// target node.
struct node_out_batch {
  block_vector<node_out_msg> msgs;
  /// How many milliseconds each of them may take, from when the node gets it,
  /// if that is less than its expiry says. What has no number here, and what
  /// has 0, has its expiry alone.
  std::vector<std::uint64_t> time_limits_ms = {};

  /// The same for one of them.
  [[nodiscard]] std::optional<std::chrono::milliseconds>
  time_limit(std::size_t index) const {
    if (index >= time_limits_ms.size() || time_limits_ms[index] == 0)
      return std::nullopt;
    constexpr std::uint64_t max = 1'000 * limits::expiry_seconds;
    return std::chrono::milliseconds{std::min(time_limits_ms[index], max)};
  }

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(msgs), CEREAL_NVP(time_limits_ms));
  }

  friend bool operator==(const node_out_batch&,
                         const node_out_batch&) = default;
};

/// What became of one message of a batch that was not delivered.
struct batch_failure {
  /// Its place in `node_out_batch::msgs`.
  std::uint64_t index = 0;
  send_error error = send_error::unconfirmed;
  send_failure::unconfirmed_cause cause = send_failure::unconfirmed_cause::none;
  /// It was this node that did not want it, and not the peer.
  bool here = false;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(index), CEREAL_NVP(error), CEREAL_NVP(cause),
            CEREAL_NVP(here));
  }

  friend bool operator==(const batch_failure&, const batch_failure&) = default;
};

/// The answer to `node_out_batch`.
struct batch_outcome {
  /// How many messages were taken by the remote engines.
  std::uint64_t delivered = 0;
  /// The others, in no particular order.
  std::vector<batch_failure> failures;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(delivered), CEREAL_NVP(failures));
  }

  friend bool operator==(const batch_outcome&, const batch_outcome&) = default;
};

/// Messages for one engine, in order.
struct engine_msg_batch {
  block_vector<engine_msg> msgs;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(msgs));
  }

  friend bool operator==(const engine_msg_batch&,
                         const engine_msg_batch&) = default;
};

/// What the handler of an `engine_msg_batch` may answer.
struct batch_taken {
  /// So many messages count as taken, the first ones. The others have failed
  /// (`engine_failed`).
  std::uint64_t count = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(count));
  }

  friend bool operator==(const batch_taken&, const batch_taken&) = default;
};

/// Who sent a message to a typed engine: its node has proven who it is. A
/// handler that wants to know has this as its first argument; it is neither on
/// the wire nor in the interface as others see it (`remote_interface`).
struct asker {
  /// Its node is always there.
  engine_id engine;
  /// Where the answer goes to; nothing if nobody waits for one.
  std::optional<mailbox_id> mailbox;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(engine), CEREAL_NVP(mailbox));
  }

  friend bool operator==(const asker&, const asker&) = default;
};

/// The answer to a `node_msg`: it was a frame of the present connection.
struct node_msg_taken {
  template <class Archive>
  void serialize(Archive&) {}

  friend bool operator==(node_msg_taken, node_msg_taken) = default;
};

/// The answer to a message that sets something.
struct done {
  template <class Archive>
  void serialize(Archive&) {}

  friend bool operator==(done, done) = default;
};

/// What a node has counted with all of its peers together since it was started,
/// whether they have a Node Proxy now or not. None of these ever goes back,
/// unless a Node Proxy fails: what that has counted since the numbers were
/// asked for the last time is lost. Messages between engines of one node are
/// not among them.
struct peer_totals {
  /// Attempts to connect, each to one address, and lookups of names that led
  /// nowhere.
  std::uint64_t connection_attempts = 0;
  /// Those of them that came to nothing without a word of the peer.
  std::uint64_t failed_attempts = 0;
  /// Connections that were established, in either direction.
  std::uint64_t connections = 0;
  /// Connections that have ended, in either direction, by reason: those of
  /// `disconnected_event`, and why a connection ended before its peer counted
  /// as connected.
  std::vector<reason_count> connection_ends;
  /// Messages that arrived whole.
  std::uint64_t messages_in = 0;
  /// Messages of engines here that were queued for a peer.
  std::uint64_t messages_out = 0;
  /// Of these, as they are encoded.
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  /// Messages that engines of peers have taken.
  std::uint64_t messages_delivered = 0;
  /// How long it took from the sending of a message to its acknowledgement: of
  /// each peer one message at a time is measured.
  duration_counts acknowledgements;
  /// Those that failed, whether they had been queued or not, by `send_error`.
  std::vector<reason_count> messages_failed;
  /// Messages that were sent once more, on another connection.
  std::uint64_t messages_resent = 0;
  /// Messages that arrived and that engines here have taken.
  std::uint64_t messages_taken = 0;
  /// Those that no engine took.
  std::uint64_t messages_rejected = 0;
  /// Unreliable messages that arrived, in whole or in part, and were dropped as
  /// too many or too large.
  std::uint64_t unreliable_dropped = 0;
  /// Encrypted frames that arrived.
  std::uint64_t frames_in = 0;
  /// Adverts that peers sent, and that were older than what was known.
  std::uint64_t stale_adverts = 0;
  /// Adverts of strangers that were not looked at: there were too many.
  std::uint64_t unchecked_adverts = 0;
  /// Control frames of a later version of the protocol, which were ignored.
  std::uint64_t unknown_controls = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(connection_attempts), CEREAL_NVP(failed_attempts),
            CEREAL_NVP(connections), CEREAL_NVP(connection_ends),
            CEREAL_NVP(messages_in), CEREAL_NVP(messages_out),
            CEREAL_NVP(bytes_in), CEREAL_NVP(bytes_out),
            CEREAL_NVP(messages_delivered), CEREAL_NVP(acknowledgements),
            CEREAL_NVP(messages_failed), CEREAL_NVP(messages_resent),
            CEREAL_NVP(messages_taken), CEREAL_NVP(messages_rejected),
            CEREAL_NVP(unreliable_dropped), CEREAL_NVP(frames_in),
            CEREAL_NVP(stale_adverts), CEREAL_NVP(unchecked_adverts),
            CEREAL_NVP(unknown_controls));
  }

  friend bool operator==(const peer_totals&, const peer_totals&) = default;
};

/// The answer to `get_node_metrics`.
struct node_metrics {
  std::uint64_t connected_peers = 0;
  std::uint64_t node_proxies = 0;
  /// Peers without a Node Proxy of which something is remembered.
  std::uint64_t remembered_peers = 0;
  /// Other nodes whose adverts are known.
  std::uint64_t known_adverts = 0;
  /// Inbound handshakes whose initiator has proven itself, and how long they
  /// took from when the connection was accepted.
  std::uint64_t proven_handshakes = 0;
  duration_counts handshakes;
  /// Those whose initiator never did, by reason.
  std::vector<reason_count> failed_handshakes;
  /// Messages that were not delivered and whose senders wait for no answer, by
  /// reason.
  std::vector<reason_count> unanswered_failures;
  /// Answers of typed engines that arrived when nobody waited for them any
  /// more, and were dropped.
  std::uint64_t late_answers = 0;
  /// The event loops of this process that the node uses, and how long they had
  /// something to do.
  std::uint64_t event_loops = 0;
  std::uint64_t event_loops_busy_us = 0;
  /// Workers that ended without a word, or were silent for too long.
  std::uint64_t lost_workers = 0;
  peer_totals peers;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(connected_peers), CEREAL_NVP(node_proxies),
            CEREAL_NVP(remembered_peers), CEREAL_NVP(known_adverts),
            CEREAL_NVP(proven_handshakes), CEREAL_NVP(handshakes),
            CEREAL_NVP(failed_handshakes), CEREAL_NVP(unanswered_failures),
            CEREAL_NVP(late_answers), CEREAL_NVP(event_loops),
            CEREAL_NVP(event_loops_busy_us), CEREAL_NVP(lost_workers),
            CEREAL_NVP(peers));
  }

  friend bool operator==(const node_metrics&, const node_metrics&) = default;
};

} // namespace node_proxy
