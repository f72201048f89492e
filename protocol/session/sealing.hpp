// Sealing what goes into frames, and opening it (PROTOCOL.md, "Sealed frames").

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <node_proxy/messages/basics.hpp>
#include <node_proxy/messages/field.hpp>
#include <node_proxy/protocol/crypto/cipher.hpp>
#include <node_proxy/protocol/crypto/secret.hpp>
#include <node_proxy/protocol/session/key_usage.hpp>
#include <node_proxy/protocol/wire/frame.hpp>

namespace node_proxy::internal {

/// The nonce of the frame with this number: the top two bits name the space
/// (00 `node_msg`, 01 `unreliable`, 10 `control`). The kind is a sealed one and
/// `number` is below `limits::sequence_end`.
[[nodiscard]] aead_nonce frame_nonce(frame_kind kind,
                                     std::uint64_t number) noexcept;

/// How many bytes of plaintext a frame of this kind and number can have.
[[nodiscard]] std::size_t max_plaintext(frame_kind kind,
                                        std::uint64_t number) noexcept;

/// A frame whose plaintext is being appended to a buffer.
struct frame_draft {
  frame_kind kind;
  std::uint64_t number = 0;
  /// Where the frame's body begins in the buffer, and where its plaintext does.
  std::size_t body = 0;
  std::size_t plaintext = 0;
};

/// Seals frames in one direction of a connection. Within a kind, numbers must
/// ascend, whatever the keys: a nonce that would repeat ends the program.
class sealer {
public:
  /// `key` is that of `derive_data_key`.
  sealer(const secret_key& key, cipher_suite suite) noexcept;

  /// Appends a whole frame to `out`, length included. `plaintext` has at most
  /// `max_plaintext(kind, number)` bytes and is not part of `out`.
  void seal(frame_kind kind, std::uint64_t number, bytes_view plaintext,
            bytes& out);

  /// Begins a frame at the end of `out`, to which the caller then appends
  /// `size` bytes of plaintext, at most `max_plaintext(kind, number)`, and
  /// nothing else before `seal_in_place`.
  [[nodiscard]] frame_draft begin_frame(frame_kind kind, std::uint64_t number,
                                        std::size_t size, bytes& out) const;

  /// Seals what was appended to `out` since `begin_frame`, where it stands.
  void seal_in_place(const frame_draft& draft, bytes& out);

  /// What was sealed under the current key.
  [[nodiscard]] const key_usage& usage() const noexcept { return usage_; }

  /// Goes over to the next key, after the `rekey` control frame was sealed.
  /// Numbers continue.
  void rekey() noexcept;

  /// Gives back what only many frames need.
  void trim() noexcept { aead_.trim(); }

private:
  aead aead_;
  key_usage usage_;
  // The lowest number of each space that was not sealed.
  std::array<std::uint64_t, 3> next_{};
};

/// Why a frame cannot be opened.
enum class open_error : std::uint8_t {
  /// It is a frame of the handshake.
  not_sealed,
  /// It names another cipher than was agreed upon.
  wrong_cipher,
  /// The key did twice what it was due to be replaced for.
  key_worn_out,
  /// The tag is wrong.
  decrypt_failed,
};

/// Opens the frames of the other direction. That their numbers are the right
/// ones is for the caller to check.
class opener {
public:
  /// `key` is that of `derive_data_key`. The limit is for tests.
  opener(const secret_key& key, cipher_suite suite,
         const key_usage& due = rekey_due) noexcept;

  /// Decrypts into `buffer`, of which the result is a view. Errors: any.
  [[nodiscard]] expected<bytes_view, open_error> open(const parsed_body& body,
                                                      bytes& buffer);

  /// What was opened under the current key.
  [[nodiscard]] const key_usage& usage() const noexcept { return usage_; }

  /// Goes over to the next key, after a `rekey` control frame was opened.
  void rekey() noexcept;

  /// Gives back what only many frames need.
  void trim() noexcept { aead_.trim(); }

private:
  aead aead_;
  key_usage limit_;
  key_usage usage_;
};

} // namespace node_proxy::internal

namespace node_proxy {

template <>
inline constexpr std::array<std::string_view, 4>
  enum_names<internal::open_error>{"not_sealed", "wrong_cipher", "key_worn_out",
                                   "decrypt_failed"};

} // namespace node_proxy
