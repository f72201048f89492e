#include <node_proxy/actors/engines/answer_form.hpp>

#include <optional>
#include <string>
#include <utility>

#include <node_proxy/actors/caf/error_category.hpp>
#include <node_proxy/base/utf8.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

namespace node_proxy::internal {

namespace {

/// The alternatives of an answer.
constexpr std::uint64_t result_tag = 0;
constexpr std::uint64_t error_tag = 1;

struct answered_error {
  std::string category;
  std::uint64_t code = 0;
  std::string text;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(category), CEREAL_NVP(code), CEREAL_NVP(text));
  }
};

bytes encode_error(const caf::error& error) {
  auto text = context_of(error);
  if (!is_utf8(text))
    text.clear();
  bytes result;
  append_uint(result, error_tag);
  // A category has the name of a type.
  static_cast<void>(encode_to(
    result, answered_error{category_name(error), error.code(), text}));
  return result;
}

caf::error malformed(bare_error why) {
  return make_error(errc::malformed,
                    "the engine's answer: " + std::string{to_string(why)});
}

caf::error error_of(bytes_view data) {
  auto answered = decode<answered_error>(data);
  if (!answered)
    return malformed(answered.error());
  auto known = find_error(answered->category, answered->code, answered->text);
  if (known)
    return *known;
  auto text = answered->category + ' ' + std::to_string(answered->code);
  if (!answered->text.empty())
    text.append(": ").append(answered->text);
  return make_error(errc::engine_failed, std::move(text));
}

} // namespace

bytes encode_answer(const engine_interface& types,
                    engine_interface::handler from,
                    const caf::message& answer) {
  const auto& content = content_of(answer);
  if (content.match_elements<caf::error>())
    return encode_error(content.get_as<caf::error>(0));
  if (!types.is_result(from, content))
    return encode_error(
      make_error(errc::engine_failed,
                 "the engine has answered something that is not in its "
                 "interface"));
  bytes result;
  append_uint(result, result_tag);
  if (auto ok = types.append_result(result, from, content); !ok)
    return encode_error(
      make_error(errc::engine_failed, "the engine's answer has no encoding: "
                                        + std::string{to_string(ok.error())}));
  return result;
}

caf::expected<caf::message> decode_answer(const engine_interface& types,
                                          engine_interface::handler from,
                                          bytes_view data) {
  auto tag = take_uint(data);
  if (!tag)
    return malformed(tag.error());
  if (*tag == error_tag)
    return error_of(data);
  if (*tag != result_tag)
    return malformed(bare_error::bad_tag);
  auto result = types.decode_result(from, data);
  if (!result)
    return malformed(result.error());
  return std::move(*result);
}

} // namespace node_proxy::internal
