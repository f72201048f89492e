// UTF-8 (RFC 3629).

#pragma once

#include <string>
#include <string_view>

namespace node_proxy::internal {

/// Whether `text` is valid UTF-8: no overlong forms, no surrogates, nothing
/// above U+10FFFF (Unicode, table 3-7).
[[nodiscard]] bool is_utf8(std::string_view text);

/// `text` with every octet that is not part of valid UTF-8 replaced by U+FFFD.
[[nodiscard]] std::string to_valid_utf8(std::string_view text);

} // namespace node_proxy::internal
