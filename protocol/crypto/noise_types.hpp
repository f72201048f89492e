// What the parts of the Noise handshake and their users share.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <node_proxy/messages/field.hpp>
#include <node_proxy/protocol/crypto/secret.hpp>

namespace node_proxy {

/// An X25519 public key (RFC 7748).
using noise_public_key = std::array<std::byte, 32>;

/// A handshake hash `h` (Noise, section 5.2): the same at both ends of one
/// handshake, and at those only.
using noise_hash = std::array<std::byte, 32>;

/// What `Split()` gives (Noise, section 5.2).
struct noise_keys {
  secret_key initiator_to_responder;
  secret_key responder_to_initiator;
};

/// Why a handshake failed. Nothing but `out_of_order` follows the first error.
enum class noise_error : std::uint8_t {
  /// The message is shorter than its keys and tags.
  too_short,
  /// The message, or what the payload would make of it, is longer than 65,535
  /// bytes (Noise, section 3).
  too_long,
  /// A tag is wrong: another key, another prologue, or damage.
  decrypt_failed,
  /// An X25519 result is all zeros (RFC 7748, section 6.1).
  bad_public_key,
  /// The handshake is not at this point.
  out_of_order,
};

template <>
inline constexpr std::array<std::string_view, 5> enum_names<noise_error>{
  "too_short", "too_long", "decrypt_failed", "bad_public_key", "out_of_order"};

} // namespace node_proxy
