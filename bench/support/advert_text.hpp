// Adverts on their way from one process to the other.

#pragma once

#include <string>
#include <string_view>

#include <node_proxy/messages/node_advert.hpp>

namespace bench {

/// The advert in hexadecimal digits.
[[nodiscard]] std::string to_text(const node_proxy::node_advert& advert);

/// Throws `std::runtime_error` if `text` is none.
[[nodiscard]] node_proxy::node_advert read_advert(std::string_view text);

} // namespace bench
