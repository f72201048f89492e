// When a message expires.

#pragma once

#include <chrono>
#include <optional>
#include <variant>

#include <node_proxy/messages/basics.hpp>
#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

/// When a message expires: on one clock or the other.
using deadline = std::variant<steady_time, std::chrono::seconds>;

/// The deadline of a message accepted at `now`; none if it lies further ahead
/// than `limits::expiry_seconds`.
[[nodiscard]] std::optional<deadline> deadline_of(const expiry_time& expiry,
                                                  timestamp now);

/// Whether `expires` has passed.
[[nodiscard]] bool has_passed(const deadline& expires, timestamp now);

/// When to look whether `expires` has passed. The wall clock may be set while
/// we wait, so that is within a minute.
[[nodiscard]] steady_time steady_deadline(const deadline& expires,
                                          timestamp now);

} // namespace node_proxy::internal
