#include <node_proxy/protocol/wire/control.hpp>

#include <cassert>
#include <utility>

namespace node_proxy::internal::control {

namespace {

/// First tag that a peer may ignore.
constexpr std::uint64_t first_ignorable_tag = 128;

/// A control frame as it stands on the wire.
struct tagged_body {
  std::uint64_t tag = 0;
  bytes_view body;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(tag), CEREAL_NVP(body));
  }
};

template <std::size_t Tag = 0>
expected<frame, bare_error> decode_body(std::uint64_t tag, bytes_view body) {
  if constexpr (Tag == std::variant_size_v<frame> - 1) {
    return unexpected{bare_error::bad_tag};
  } else {
    if (tag != Tag)
      return decode_body<Tag + 1>(tag, body);
    return decode<std::variant_alternative_t<Tag, frame>>(body).map(
      [](auto x) { return frame{std::move(x)}; });
  }
}

} // namespace

goodbye_reason goodbye_reason_of(std::uint64_t number) {
  return number < static_cast<std::uint64_t>(goodbye_reason::other)
           ? static_cast<goodbye_reason>(number)
           : goodbye_reason::other;
}

bytes encode_frame(const frame& x) {
  assert(!std::holds_alternative<unknown>(x));
  bytes body;
  std::visit(
    [&body]<class T>(const T& value) {
      if constexpr (!std::is_same_v<T, unknown>) {
        auto encoded = encode_to(body, value);
        assert(encoded);
        static_cast<void>(encoded);
      }
    },
    x);
  auto result = encode(tagged_body{x.index(), body});
  assert(result);
  return std::move(*result);
}

expected<frame, bare_error> decode_frame(bytes_view plaintext) {
  if (plaintext.size() > limits::control_body)
    return unexpected{bare_error::too_long};
  auto tagged = decode<tagged_body>(plaintext);
  if (!tagged)
    return unexpected{tagged.error()};
  if (tagged->tag >= first_ignorable_tag)
    return frame{unknown{tagged->tag}};
  return decode_body(tagged->tag, tagged->body);
}

} // namespace node_proxy::internal::control
