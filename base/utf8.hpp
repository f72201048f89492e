// UTF-8 (RFC 3629).

#pragma once

#include <string_view>

namespace node_proxy::internal {

/// Whether `text` is valid UTF-8: no overlong forms, no surrogates, nothing
/// above U+10FFFF (Unicode, table 3-7).
[[nodiscard]] bool is_utf8(std::string_view text);

} // namespace node_proxy::internal
