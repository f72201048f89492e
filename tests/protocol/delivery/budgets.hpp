// What a node has for messages, where a test is about something else.

#pragma once

#include <cstdint>
#include <memory>

#include <node_proxy/protocol/delivery/window_shares.hpp>

namespace test {

/// Room for whatever strangers may send or be sent.
inline std::shared_ptr<node_proxy::internal::stranger_budget>
room_for_strangers() {
  return std::make_shared<node_proxy::internal::stranger_budget>(1u << 30,
                                                                 1u << 20);
}

/// So much for all others.
inline std::shared_ptr<node_proxy::internal::receive_budget>
budget_of(std::uint64_t bytes) {
  return std::make_shared<node_proxy::internal::receive_budget>(
    bytes, room_for_strangers());
}

} // namespace test
