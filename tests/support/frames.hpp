// Frames for tests, around bodies that the core would not send.

#pragma once

#include <node_proxy/protocol/wire/frame.hpp>

namespace test {

using namespace node_proxy;
using namespace node_proxy::internal;

/// Appends `body` as a frame. It has 1 to `limits::frame_body` octets.
inline void append_frame(bytes& out, bytes_view body) {
  append_frame_length(out, body.size());
  append(out, body);
}

} // namespace test
