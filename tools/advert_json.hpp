// Node adverts as JSON, for people and scripts. Nothing reads it back.

#pragma once

#include <string>

#include <node_proxy/messages/node_advert.hpp>

namespace node_proxy::tools {

/// `advert` as an indented JSON object: keys and signatures in lower-case hex,
/// IP addresses as text, the time as an ISO 8601 date, and an address as an
/// object whose one key names its kind. Where a text is not valid UTF-8 it
/// shows U+FFFD.
[[nodiscard]] std::string to_json(const node_advert& advert);

} // namespace node_proxy::tools
