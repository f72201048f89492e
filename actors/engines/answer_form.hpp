// What a typed engine has answered, on its way to whoever asked
// (docs/TYPED_ENGINES.md).

#pragma once

#include <node_proxy/actors/engine_interface.hpp>
#include <node_proxy/actors/error.hpp>

namespace node_proxy::internal {

/// An answer of a handler as BARE: its result, or an error. Errors stay what
/// they are as far as the receiver knows their category.
[[nodiscard]] bytes encode_answer(const engine_interface& types,
                                  engine_interface::handler from,
                                  const caf::message& answer);

/// The result as the handler has answered it, or an error: that of the engine,
/// or `malformed`.
[[nodiscard]] caf::expected<caf::message>
decode_answer(const engine_interface& types, engine_interface::handler from,
              bytes_view data);

} // namespace node_proxy::internal
