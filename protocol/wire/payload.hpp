// A user's own message inside of an `engine_msg`.

#pragma once

#include <node_proxy/messages/engine_msg.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

namespace node_proxy {

/// Encodes `message` for `engine_msg::msg`: the `M` of the specification's
/// `EngineMsg M`, a type of the user's with functions for Cereal (or any other
/// `bare_type`). For types with an `inspect` for CAF there is `encode_value`
/// (<node_proxy/actors/typed_payload.hpp>). Errors: as `encode`.
template <class M>
[[nodiscard]] tl::expected<bytes, bare_error> encode_payload(const M& message) {
  return encode(message);
}

/// Decodes what `message` carries as an `M`. Errors: as `decode`.
template <class M>
[[nodiscard]] tl::expected<M, bare_error>
decode_payload(const engine_msg& message) {
  return decode<M>(message.msg);
}

} // namespace node_proxy
