// Every fixed limit of the wire format. A limit here binds both ends; what an
// operator may choose is in <node_proxy/protocol/settings.hpp>.

#pragma once

#include <cstddef>
#include <cstdint>

namespace node_proxy::limits {

/// Longest engine name in bytes of UTF-8.
inline constexpr std::size_t engine_name = 255;

/// Most addresses of one node advert.
inline constexpr std::size_t advert_addresses = 16;

/// Largest encoded node advert in bytes, signature included.
inline constexpr std::size_t advert_size = 16 * 1024;

/// Longest certificate issuer of a TLS address in bytes of UTF-8.
inline constexpr std::size_t cert_issuer = 255;

/// Most ciphers offered in one hello.
inline constexpr std::size_t ciphers = 16;

/// Most extensions in one hello or welcome.
inline constexpr std::size_t extensions = 16;

/// Deepest nesting of lists in lists, which bounds the stack that decoding a
/// recursive type of a user's takes.
inline constexpr std::size_t list_depth = 64;

/// Deepest nesting of structs in structs, likewise: one that holds a list of
/// itself reaches `list_depth` before.
inline constexpr std::size_t struct_depth = 128;

/// Most elements of all lists of a user's value that take no octets, which
/// bounds what the counts of such lists can claim.
inline constexpr std::size_t empty_elements = 65'536;

/// Longest frame body in bytes (Noise specification, section 3: the largest
/// Noise message).
inline constexpr std::size_t frame_body = 65'535;

/// Longest frame body in bytes before the handshake is complete.
inline constexpr std::size_t handshake_body = 4 * 1024;

/// Largest control frame in bytes, before sealing.
inline constexpr std::size_t control_body = 64 * 1024;

/// Bytes of a `serialized_msg` in each of its fragments but the last. Four of
/// them fit a frame of `frame_body`; one alone is short enough that nobody
/// waits long behind it on a slow line.
inline constexpr std::size_t fragment = 16'000;

/// What a message counts in windows beyond the bytes of its `serialized_msg`,
/// so that a window bounds the number of small messages too.
inline constexpr std::size_t message_overhead = 128;

/// Most channels that a sender may have open.
inline constexpr std::size_t channels = 1'024;

/// What each channel may have outstanding at least: the first fragment of a
/// message, which tells how long the message is.
inline constexpr std::size_t min_channel_window = fragment + message_overhead;

/// Most rejects a receiver may leave unsettled, of all channels together.
inline constexpr std::size_t unsettled_rejects = 1'024;

/// Bytes per second below which the bytes of an unfinished frame are no sign of
/// life.
inline constexpr std::uint64_t min_rate = 4 * 1024;

/// When a key is replaced at the latest (PROTOCOL.md, "Rekeying"): after so
/// many frames, bytes of plaintext, or seconds. Its receiver accepts twice
/// that.
inline constexpr std::uint64_t key_frames = std::uint64_t{1} << 32;
inline constexpr std::uint64_t key_bytes = std::uint64_t{1} << 36;
inline constexpr std::uint64_t key_seconds = 3'600;

/// Numbers of a nonce space end below this.
inline constexpr std::uint64_t sequence_end = std::uint64_t{1} << 62;

/// Longest life of a message in seconds (30 days).
inline constexpr std::uint64_t expiry_seconds = 30ull * 24 * 60 * 60;

} // namespace node_proxy::limits
