// Octets as hexadecimal text.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <node_proxy/base/bytes.hpp>
#include <node_proxy/base/export.hpp>

namespace node_proxy {

/// `data` in lower-case digits, two per octet.
[[nodiscard]] NODE_PROXY_EXPORT std::string to_hex(bytes_view data);

/// The octets that `text` gives in digits of either case, two per octet;
/// nothing if it has an odd length or another character.
[[nodiscard]] NODE_PROXY_EXPORT std::optional<bytes>
from_hex(std::string_view text);

} // namespace node_proxy
