// Frames from a stranger: the first octet chooses how the stream is cut and how
// long bodies may be, the rest is the stream.

#include <cstdlib>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/wire/bare_types.hpp>
#include <node_proxy/protocol/wire/frame.hpp>

#include "support/frames.hpp"

using namespace node_proxy;
using namespace node_proxy::internal;

namespace {

void require(bool holds) {
  if (!holds)
    std::abort();
}

// What was parsed, put together again.
bytes body_of(const parsed_body& parsed) {
  bytes result;
  if (is_sealed(parsed.kind)) {
    result = to_bytes(parsed.associated_data);
    result.insert(result.end(), parsed.ciphertext.begin(),
                  parsed.ciphertext.end());
    bytes header;
    append_uint(header, static_cast<std::uint64_t>(parsed.kind));
    append_uint(header, parsed.number);
    append_uint(header, static_cast<std::uint64_t>(parsed.cipher));
    append_uint(header, parsed.ciphertext.size());
    require(header == to_bytes(parsed.associated_data));
    return result;
  }
  append_uint(result, static_cast<std::uint64_t>(parsed.kind));
  append_uint(result, parsed.payload.size());
  result.insert(result.end(), parsed.payload.begin(), parsed.payload.end());
  return result;
}

void check_body(bytes_view body) {
  if (auto parsed = parse_body(body))
    require(body_of(*parsed) == to_bytes(body));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size == 0)
    return 0;
  auto input = std::as_bytes(std::span{data, size}).subspan(1);
  check_body(input);
  auto piece = std::size_t{1} << (data[0] % 8);
  auto max_body = std::size_t{1} << (data[0] / 8 % 16);
  deframer frames{max_body};
  bytes taken;
  for (auto rest = input; !rest.empty();) {
    auto now = rest.first(std::min(piece, rest.size()));
    rest = rest.subspan(now.size());
    frames.handle_input(now);
    for (;;) {
      auto body = frames.poll_body();
      if (!body) {
        require(frames.poll_body().error() == body.error());
        return 0;
      }
      if (!*body)
        break;
      require(!(*body)->empty() && (*body)->size() <= max_body);
      test::append_frame(taken, **body);
      check_body(**body);
    }
    require(frames.buffered() < max_body + frame_length_size);
  }
  // What went in came out, or is the beginning of one more frame.
  require(taken.size() + frames.buffered() == input.size());
  require(std::equal(taken.begin(), taken.end(), input.begin()));
  return 0;
}
