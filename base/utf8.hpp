// UTF-8 (RFC 3629).

#pragma once

#include <string_view>

#include <node_proxy/base/export.hpp>

namespace node_proxy {

/// Whether `text` is valid UTF-8: no overlong forms, no surrogates, nothing
/// above U+10FFFF (Unicode, table 3-7).
[[nodiscard]] NODE_PROXY_EXPORT bool is_utf8(std::string_view text);

} // namespace node_proxy
