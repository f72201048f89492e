// Messages from a stranger: the first octet chooses the type, the rest is the
// encoding. What decodes must encode to the same octets again.

#include <algorithm>
#include <cstdlib>

#include <node_proxy/messages/node_proxy_msg.hpp>
#include <node_proxy/messages/router_msg.hpp>
#include <node_proxy/messages/serialized_msg.hpp>
#include <node_proxy/protocol/session/session.hpp>
#include <node_proxy/protocol/wire/control.hpp>
#include <node_proxy/protocol/wire/hello.hpp>

using namespace node_proxy;
using namespace node_proxy::internal;

namespace {

void require(bool holds) {
  if (!holds)
    std::abort();
}

template <class T>
void check(bytes_view input) {
  auto value = decode<T>(input);
  if (!value)
    return;
  auto again = encode(*value);
  require(again && std::ranges::equal(*again, input));
}

void check_control(bytes_view input) {
  auto frame = control::decode_frame(input);
  if (frame && !std::holds_alternative<control::unknown>(*frame))
    require(std::ranges::equal(control::encode_frame(*frame), input));
}

/// Lists within lists, as deep as the data says.
struct tree {
  std::vector<tree> children;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(children));
  }
};

using check_function = void (*)(bytes_view);

// The corpus depends on the order: add at the end.
constexpr check_function checks[]{
  check<node_proxy_msg>,
  check<router_msg>,
  check<node_advert_reply>,
  check<node_connect_reply>,
  check<transport_protocol>,
  check<serialized_msg>,
  check<hello>,
  check<welcome>,
  check_control,
  check<std::vector<chunk_view>>,
  check<std::vector<std::vector<std::optional<bytes>>>>,
  check<std::vector<std::uint64_t>>,
  check<std::vector<std::string>>,
  check<tree>,
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size == 0)
    return 0;
  auto input = std::as_bytes(std::span{data, size});
  checks[data[0] % std::size(checks)](input.subspan(1));
  return 0;
}
