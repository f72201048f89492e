// A connection after its handshake: frames sealed and opened in the right order
// under the right keys (PROTOCOL.md, "Sealed frames").

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include <node_proxy/messages/node_advert.hpp>
#include <node_proxy/protocol/session/sealing.hpp>
#include <node_proxy/protocol/timestamp.hpp>
#include <node_proxy/protocol/wire/chunk_list.hpp>
#include <node_proxy/protocol/wire/control.hpp>
#include <node_proxy/protocol/wire/frame.hpp>
#include <node_proxy/protocol/wire/hello.hpp>

namespace node_proxy::internal {

/// Which end of a connection dialled.
enum class connection_role : std::uint8_t { initiator, responder };

/// What the handshake established.
struct session_terms {
  node_id remote;
  connection_role role = connection_role::initiator;
  connection_digest digest{};
  /// The initiator's `hello::prev`.
  std::optional<connection_digest> prev;
  std::uint64_t proto_ver = 0;
  cipher_suite cipher = cipher_suite::chacha20_poly1305;
  std::uint64_t local_epoch = 0;
  std::uint64_t remote_epoch = 0;
  /// The largest `serialized_msg` that the remote node takes, in bytes.
  std::uint32_t remote_max_message = 0;
  /// The remote node's own advert version, and that of ours that it knows.
  node_advert_versions remote_adverts;
};

/// One chunk of an opened frame; a view into the session's buffer.
struct chunk_view {
  std::uint64_t channel = 0;
  bool last = false;
  bytes_view chunk;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(channel), CEREAL_NVP(last), CEREAL_NVP(chunk));
  }
};

/// Chunks with consecutive numbers; a view into the session.
struct opened_chunks {
  std::uint64_t first = 0;
  std::span<const chunk_view> chunks;
};

/// An opened `node_msg` frame.
struct opened_messages : opened_chunks {};

/// An opened `unreliable` frame.
struct opened_unreliable : opened_chunks {};

/// What was in a sealed frame.
using opened_frame =
  std::variant<opened_messages, opened_unreliable, control::frame>;

/// Why a frame was refused. The connection is of no use after any of them.
enum class session_error : std::uint8_t {
  /// The body is no frame, or its plaintext is not what its kind demands.
  malformed,
  /// A frame of the handshake.
  not_sealed,
  null_cipher,
  wrong_cipher,
  /// The peer has not replaced its key in time.
  key_worn_out,
  decrypt_failed,
  /// The number of a control or unreliable frame is not the next one.
  out_of_order,
};

/// The two directions of an established connection. Numbers of `node_msg`
/// frames come from the outbox and are checked by the receiving peer; all other
/// numbers are kept here.
class session {
public:
  session(const session_terms& terms, sealer out, opener in)
    : terms_(terms), sealer_(std::move(out)), opener_(std::move(in)) {}

  [[nodiscard]] const session_terms& terms() const { return terms_; }

  /// Appends a control frame to `out`. After `control::rekey` the next key is
  /// in use.
  void seal(const control::frame& frame, bytes& out);

  /// Appends a `node_msg` frame. `chunks` take at most `max_messages(first)`
  /// bytes.
  void seal_messages(std::uint64_t first, const chunk_list& chunks, bytes& out);

  /// Appends an `unreliable` frame. `chunks` take at most `max_unreliable()`
  /// bytes.
  void seal_unreliable(const chunk_list& chunks, bytes& out);

  /// How many bytes of chunk list fit a `node_msg` frame from `first` on.
  [[nodiscard]] static std::size_t max_messages(std::uint64_t first) {
    return max_plaintext(frame_kind::node_msg, first);
  }

  /// The same for the next `unreliable` frame.
  [[nodiscard]] std::size_t max_unreliable() const {
    return max_plaintext(frame_kind::unreliable, unreliable_out_);
  }

  /// Opens a frame. Views in the result live until the next call.
  [[nodiscard]] expected<opened_frame, session_error> open(bytes_view body);

  /// What was opened last has been looked at, whose views die: gives back the
  /// memory of a list that was longer than those of most frames.
  void trim_list() {
    if (chunks_.capacity() > usual_chunks)
      chunks_ = std::vector<chunk_view>{};
  }

  /// The same for all that only frames with messages need.
  void trim() {
    chunks_ = std::vector<chunk_view>{};
    plaintext_ = bytes{};
    sealer_.trim();
    opener_.trim();
  }

  /// What was sealed under the current key.
  [[nodiscard]] const key_usage& usage() const { return sealer_.usage(); }

private:
  static constexpr std::size_t usual_chunks = 1'024;

  void seal_chunks(frame_kind kind, std::uint64_t number,
                   const chunk_list& chunks, bytes& out);
  template <class Opened>
  expected<opened_frame, session_error> open_chunks(std::uint64_t first,
                                                    bytes_view plaintext);
  expected<opened_frame, session_error> open_control(bytes_view plaintext);

  session_terms terms_;
  sealer sealer_;
  opener opener_;
  bytes plaintext_;
  std::vector<chunk_view> chunks_;
  std::uint64_t control_out_ = 0;
  std::uint64_t control_in_ = 0;
  std::uint64_t unreliable_out_ = 0;
  std::uint64_t unreliable_in_ = 0;
};

} // namespace node_proxy::internal

namespace node_proxy {

template <>
inline constexpr std::array<std::string_view, 7>
  enum_names<internal::session_error>{
    "malformed",    "not_sealed",     "null_cipher", "wrong_cipher",
    "key_worn_out", "decrypt_failed", "out_of_order"};

} // namespace node_proxy
