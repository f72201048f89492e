// The wire form of a message between engines (PROTOCOL.md, "Chunks").

#pragma once

#include <memory>
#include <optional>

#include <node_proxy/messages/engine_msg.hpp>
#include <node_proxy/protocol/bare_input_archive.hpp>
#include <node_proxy/protocol/bare_output_archive.hpp>

namespace node_proxy {

/// An encoded `serialized_msg` in two parts: what the user wrote stays where it
/// is until it is sealed.
struct message_data {
  /// Everything up to the payload.
  bytes head;
  /// `engine_msg::msg`, with which the encoding ends.
  shared_bytes payload;

  [[nodiscard]] std::size_t size() const noexcept {
    return head.size() + payload.size();
  }
};

/// A decoded message whose payload is a part of what it was decoded from.
struct message_view {
  engine_id sender;
  engine_id target;
  std::optional<mailbox_id> mailbox;
  bytes_view payload;
};

/// Encodes and decodes messages. One object serves many of them, for Cereal's
/// archives are dear to make.
class message_codec {
public:
  /// Encodes a message without the ids of the two nodes, for both ends know
  /// each other. Errors: bad_utf8, too_long.
  [[nodiscard]] expected<message_data, bare_error>
  encode(const engine_msg& msg);

  /// Decodes an encoded `serialized_msg`. Errors: any.
  [[nodiscard]] expected<message_view, bare_error>
  decode(bytes_view serialized);

private:
  struct archives {
    bare_output_archive output;
    bare_input_archive input;
  };

  // They cannot be moved.
  std::unique_ptr<archives> archives_ = std::make_unique<archives>();
};

} // namespace node_proxy
