// What an operator may choose about the protocol. What binds both ends is in
// <node_proxy/messages/limits.hpp>.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <node_proxy/messages/ip_range.hpp>
#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy {

/// A range of protocol versions, both ends included.
struct version_range {
  std::uint64_t min = 0;
  std::uint64_t max = 0;
};

/// The versions that this code speaks.
inline constexpr version_range supported_versions{1, 1};

/// Settings of all peers of a node.
struct peer_settings {
  version_range versions = supported_versions;
  /// The CPU can do AES-256-GCM and it may be used.
  bool have_aes = false;
  /// Largest encoded `serialized_msg` taken from a peer, in bytes.
  std::uint32_t max_message = 16u << 20;
  /// Bytes of messages that each engine may have outstanding here from a peer,
  /// whatever others have; at least `limits::min_channel_window`.
  std::uint64_t channel_window = 32u << 10;
  /// How much more all engines together may have outstanding from a peer. It
  /// goes to those that take messages; one alone may have half of it.
  std::uint64_t window = 8u << 20;
  /// Bytes for messages of a peer that are larger than that, all together; at
  /// least one of `max_message`.
  std::uint64_t large_window = 64u << 20;
  /// Bytes that `window` and `large_window` of all peers of a node may come to.
  std::uint64_t node_window = 512u << 20;
  /// So much of `node_window`, at most half, is for what all strangers together
  /// have outstanding: peers whom nobody here has introduced. Room for four
  /// messages of `max_message` there is in any case. One stranger may have an
  /// eighth of it, and messages for one engine as much as is free. What waits
  /// for strangers may take half of it.
  std::uint64_t stranger_window = 256u << 20;
  /// Bytes of messages that may wait for one peer or for its acknowledgement,
  /// with `outbox::memory_overhead` for each of them. Those for one engine may
  /// take half of what is free, and a 128th of it in any case.
  std::size_t outbox_bytes = 128u << 20;
  /// How long a channel without a message is kept.
  duration channel_idle_timeout = std::chrono::seconds{10};
  /// Bytes of frames that wait for a socket, from which on not even control
  /// frames are added. Messages are only sent when nothing waits.
  std::size_t backlog_bytes = 192u << 10;
  /// From when somebody has connected to the first frame, whatever there is of
  /// it. It is sent without waiting for anything.
  duration first_frame_timeout = std::chrono::seconds{2};
  /// From when there is a TCP connection to the first sealed frame on it.
  duration handshake_timeout = std::chrono::seconds{5};
  /// Longest silence of this side on a connection.
  duration heartbeat_interval = std::chrono::seconds{10};
  /// Longest silence of the other side.
  duration dead_peer_limit = std::chrono::seconds{30};
  /// How long an ephemeral connection may carry no message.
  duration idle_timeout = std::chrono::seconds{60};
  /// How long an acknowledgement may wait for others to join it.
  duration ack_delay = std::chrono::milliseconds{5};
  /// How long to read on after this side's goodbye.
  duration goodbye_timeout = std::chrono::seconds{5};
  /// How long an attempt to reach the peer goes on alone, connection and
  /// handshake, if the peer has several addresses. RFC 8305, section 5,
  /// recommends this one.
  duration attempt_delay = std::chrono::milliseconds{250};
  /// Where else peers may have this node dial them, by their own adverts, than
  /// at addresses of the Internet and at hosts where they were met.
  std::vector<ip_range> dial_ranges;
  /// The networks in which this host has an address, as they are found when the
  /// node starts: their addresses of the Internet are dialled like those of
  /// private networks.
  std::vector<ip_range> own_networks = {};
  /// Delays between rounds of attempts to connect.
  duration backoff_base = std::chrono::milliseconds{100};
  duration backoff_cap = std::chrono::seconds{30};
  /// How long a connection must last to count as stable: its loss is followed
  /// by an attempt without delay.
  duration stable_after = std::chrono::seconds{10};
  /// When a key is replaced at the latest (PROTOCOL.md, "Rekeying"). The peer
  /// accepts no more than twice these defaults.
  std::uint64_t rekey_frames = limits::key_frames;
  std::uint64_t rekey_bytes = limits::key_bytes;
  duration rekey_interval = std::chrono::seconds{limits::key_seconds};
  /// How old a session may be (PROTOCOL.md, "One connection per peer"): in the
  /// last 24th of that time its initiator makes another connection, whose keys
  /// are new, and which takes over.
  duration max_session_age = std::chrono::hours{24};
};

/// Most peers of a node that may be connected at once, if nobody chooses.
inline constexpr std::size_t default_max_peers = 1'000;

/// How many adverts are kept of nodes that nobody holds.
struct advert_book_limits {
  std::size_t unheld = 4'096;
  /// Encoded, of all of them together, with the addresses that are remembered.
  std::size_t bytes = 4u << 20;
};

/// How much is remembered of peers that are not served, and for how long.
struct peer_book_limits {
  std::size_t records = 65'536;
  /// Unsettled rejects, and messages given up after they were sent, of all.
  std::size_t rejects = 65'536;
  /// Bytes of messages that have arrived in part, of all records together.
  std::size_t unfinished_bytes = 64u << 20;
  duration lifetime = std::chrono::hours{24};
};

} // namespace node_proxy
