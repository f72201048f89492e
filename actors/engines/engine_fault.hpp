// What an error that answers a request says of the engine that was asked.

#pragma once

#include <cstdint>
#include <optional>

#include <node_proxy/actors/engines/answer_box.hpp>

namespace node_proxy::internal {

/// The engine has ended without having come to the request, or has no handler
/// for it.
enum class engine_fault : std::uint8_t { gone, unfit };

/// Which fault an error tells of, if it does. CAF has the same errors for other
/// actors: what those say whom the engine has asked, or delegated to, is an
/// answer of the engine like any other error.
[[nodiscard]] std::optional<engine_fault>
fault_of(const answered_error& answer, const caf::actor_addr& engine);

} // namespace node_proxy::internal
