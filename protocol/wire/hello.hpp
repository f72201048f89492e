// The payloads of the two handshake messages (PROTOCOL.md, "Handshake"). Their
// layouts are the same in all protocol versions.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include <node_proxy/messages/connect_reply.hpp>
#include <node_proxy/messages/connect_request.hpp>

namespace node_proxy::internal {

/// Names a connection: the first 16 bytes of its Noise handshake hash.
using connection_digest = std::array<std::byte, 16>;

/// A field that came after the layouts were frozen.
struct extension {
  /// Strictly ascending within a list; unknown ids are skipped.
  std::uint64_t id = 0;
  bytes value;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(id), CEREAL_NVP(value));
  }

  friend bool operator==(const extension&, const extension&) = default;
};

/// What the initiator says in the first handshake message.
struct hello {
  connect_request request;
  /// Of the initiator's numbers towards this responder.
  std::uint64_t epoch = 0;
  /// The last connection that the initiator had established with the responder.
  std::optional<connection_digest> prev;
  /// Values of `cipher_suite`; unknown ones are ignored.
  std::vector<std::uint64_t> ciphers;
  /// The largest `serialized_msg` that the initiator takes, in encoded bytes.
  std::uint32_t max_message = 0;
  std::vector<extension> ext;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(request), cereal::make_nvp("epoch", fixed_u64{epoch}),
            CEREAL_NVP(prev),
            cereal::make_nvp("ciphers", bounded<limits::ciphers>(ciphers)),
            CEREAL_NVP(max_message),
            cereal::make_nvp("ext", bounded<limits::extensions>(ext)));
  }

  friend bool operator==(const hello&, const hello&) = default;
};

/// What the responder answers in the second handshake message.
struct welcome {
  connect_reply reply;
  /// Of the responder's numbers towards this initiator.
  std::uint64_t epoch = 0;
  /// The `cipher_suite` that was chosen.
  std::uint64_t cipher = 0;
  /// The largest `serialized_msg` that the responder takes, in encoded bytes.
  std::uint32_t max_message = 0;
  std::vector<extension> ext;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(reply), cereal::make_nvp("epoch", fixed_u64{epoch}),
            CEREAL_NVP(cipher), CEREAL_NVP(max_message),
            cereal::make_nvp("ext", bounded<limits::extensions>(ext)));
  }

  friend bool operator==(const welcome&, const welcome&) = default;
};

/// Whether the ids of `list` are strictly ascending.
[[nodiscard]] inline bool ascending(const std::vector<extension>& list) {
  for (std::size_t i = 1; i < list.size(); ++i)
    if (list[i - 1].id >= list[i].id)
      return false;
  return true;
}

} // namespace node_proxy::internal
