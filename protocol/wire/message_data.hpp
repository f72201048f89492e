// The wire form of a message between engines (PROTOCOL.md, "Chunks").

#pragma once

#include <memory>
#include <optional>

#include <node_proxy/messages/engine_msg.hpp>
#include <node_proxy/protocol/wire/bare_input_archive.hpp>
#include <node_proxy/protocol/wire/bare_output_archive.hpp>

namespace node_proxy::internal {

/// An encoded `serialized_msg` in two parts: what the user wrote stays where it
/// is until it is sealed.
struct message_data {
  /// Everything up to the payload. Messages that follow each other share it if
  /// it is the same.
  shared_bytes head;
  /// `engine_msg::msg`, with which the encoding ends.
  shared_bytes payload;

  [[nodiscard]] std::size_t size() const noexcept {
    return head.size() + payload.size();
  }
};

/// A decoded message, until the codec's next one; its payload is a part of what
/// it was decoded from.
struct message_view {
  const engine_name& sender;
  const std::optional<mailbox_id>& mailbox;
  bytes_view payload;
};

/// Encodes and decodes messages. One object serves many of them: Cereal's
/// archives are dear to make, and messages that follow each other often differ
/// in their payload only.
class message_codec {
public:
  /// Encodes a message without the ids of the two nodes, for both ends know
  /// each other, and without its target, which its channel names. Errors:
  /// bad_utf8, too_long.
  [[nodiscard]] expected<message_data, bare_error>
  encode(const engine_msg& msg);

  /// Decodes an encoded `serialized_msg`. Errors: any.
  [[nodiscard]] expected<message_view, bare_error>
  decode(bytes_view serialized);

private:
  // The fields in front of the payload, and where its size makes a difference
  // to their encoding.
  struct fields {
    engine_name sender;
    std::optional<mailbox_id> mailbox;
    std::size_t payload_size = 0;
  };

  // With the last message. There is none while the head is empty.
  struct encoder {
    bare_output_archive archive;
    fields last;
    shared_bytes head;
  };

  struct decoder {
    bare_input_archive archive;
    fields last;
    bytes head;
  };

  static bool is_like_last(const encoder& x, const engine_msg& msg);
  static expected<void, bare_error> encode_head(encoder& x,
                                                const engine_msg& msg);
  static expected<bytes_view, bare_error> decode_fields(decoder& x,
                                                        bytes_view serialized);

  // There once they are needed: an idle peer does without them.
  std::unique_ptr<encoder> encoder_;
  std::unique_ptr<decoder> decoder_;
};

} // namespace node_proxy::internal
