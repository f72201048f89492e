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

/// What somebody may have to say about a message beside its expiry: how long it
/// may take, if that is less.
using time_limit = std::optional<std::chrono::milliseconds>;

/// The deadline of a message accepted at `now`; none if its expiry lies further
/// ahead than `limits::expiry_seconds`.
[[nodiscard]] std::optional<deadline>
deadline_of(const expiry_time& expiry, timestamp now, time_limit limit = {});

/// Whether `expires` has passed.
[[nodiscard]] bool has_passed(const deadline& expires, timestamp now);

/// When to look whether `expires` has passed. The wall clock may be set while
/// we wait, so that is within a minute.
[[nodiscard]] steady_time steady_deadline(const deadline& expires,
                                          timestamp now);

} // namespace node_proxy::internal
