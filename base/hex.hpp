// Octets as hexadecimal text. All of it takes as long for one value as for any
// other, so that it is fit for secrets.

#pragma once

#include <optional>
#include <span>
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

/// As `to_hex`, without a copy that somebody would have to wipe: writes the
/// digits and a zero octet to the beginning of `out`.
/// @pre `out` has room for two octets for each of `data`, and one more.
void write_hex(bytes_view data, std::span<std::byte> out);

/// As `from_hex`, without a copy that somebody would have to wipe.
/// @returns whether `text` gives as many octets as `out` has; if not, what
///          `out` holds then means nothing.
[[nodiscard]] bool read_hex(std::string_view text, std::span<std::byte> out);

} // namespace node_proxy
