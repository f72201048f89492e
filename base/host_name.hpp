// Names of hosts (RFC 1123, section 2.1).

#pragma once

#include <cstddef>
#include <string_view>

#include <node_proxy/base/export.hpp>

namespace node_proxy {

/// Longest name in bytes, and longest part of one between dots.
inline constexpr std::size_t max_host_name = 253;
inline constexpr std::size_t max_host_label = 63;

/// Whether `text` is the name of a host in the one form that is used here:
/// parts with a dot between each two, of the letters a to z, digits and
/// hyphens, none of which begins or ends with a hyphen. Its last part is no
/// number, decimal or hexadecimal (`1`, `0x7f`): resolvers take such names for
/// addresses. Other alphabets come as their IDNA form (`xn--...`).
[[nodiscard]] NODE_PROXY_EXPORT bool is_host_name(std::string_view text);

} // namespace node_proxy
