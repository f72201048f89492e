// What is sealed in a `node_msg` or `unreliable` frame (PROTOCOL.md, "Sealed
// frames").

#pragma once

#include <cstdint>

#include <node_proxy/base/block_allocator.hpp>
#include <node_proxy/messages/basics.hpp>
#include <node_proxy/protocol/wire/message_data.hpp>

namespace node_proxy::internal {

/// Consecutive chunks, whole messages or fragments of them. It refers to their
/// octets and copies them once, to where they are sealed.
class chunk_list {
public:
  /// Adds the `size` octets of `data` from `offset` on.
  void add(std::uint64_t channel, bool last, const message_data& data,
           std::size_t offset, std::size_t size);

  /// Adds a chunk that lies in one piece.
  void add(std::uint64_t channel, bool last, bytes_view chunk) {
    add(channel, last, chunk, {});
  }

  [[nodiscard]] std::size_t count() const noexcept { return chunks_.size(); }

  /// Bytes of the encoded list.
  [[nodiscard]] std::size_t encoded_size() const;

  /// The same with a further chunk of `size` bytes.
  [[nodiscard]] std::size_t size_with(std::uint64_t channel,
                                      std::size_t size) const;

  /// Appends the BARE encoding of
  /// `list<{channel: uint, last: bool, chunk: data}>`.
  void append_to(bytes& out) const;

private:
  // A chunk may begin in the head of a message and go on in its payload.
  struct chunk {
    std::uint64_t channel;
    bool last;
    bytes_view front;
    bytes_view back;
  };

  // As many as fit a frame, if they are small.
  static constexpr std::size_t usual_count = 1024;

  void add(std::uint64_t channel, bool last, bytes_view front, bytes_view back);

  block_vector<chunk> chunks_;
  std::size_t size_ = 0; // encoded, without the count
};

} // namespace node_proxy::internal
