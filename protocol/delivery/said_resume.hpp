// What this side says when a connection begins.

#pragma once

#include <cstdint>

#include <node_proxy/protocol/wire/control.hpp>

namespace node_proxy::internal {

/// It may say that less is here than has arrived: what was dropped has to come
/// again.
struct said_resume : control::resume {
  /// From this number on nothing had arrived.
  std::uint64_t arrived = 0;
};

} // namespace node_proxy::internal
