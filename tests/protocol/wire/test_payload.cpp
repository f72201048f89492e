#include <doctest/doctest.h>

#include <node_proxy/protocol/wire/payload.hpp>

using namespace node_proxy;

namespace {

/// A message of a user's own engines.
struct order {
  std::string item;
  std::uint64_t count = 0;
  std::optional<std::string> note;
  std::vector<std::variant<bool, std::string>> options;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(item), CEREAL_NVP(count), CEREAL_NVP(note),
            CEREAL_NVP(options));
  }

  friend bool operator==(const order&, const order&) = default;
};

} // namespace

TEST_CASE("a user's message travels in an engine message") {
  order sent{"tea", 2, "hot", {true, "milk"}};
  engine_msg message;
  message.msg = encode_payload(sent).value();
  CHECK(decode_payload<order>(message) == sent);
}

TEST_CASE("a payload of another type is an error") {
  engine_msg message;
  message.msg = to_bytes("\x03tea");
  CHECK(decode_payload<order>(message).error() == bare_error::truncated);
  CHECK(decode_payload<std::string>(message) == "tea");
}
