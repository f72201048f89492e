#include "support/advert_text.hpp"

#include <stdexcept>

#include <node_proxy/base/hex.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

namespace bench {

std::string to_text(const node_proxy::node_advert& advert) {
  return node_proxy::to_hex(node_proxy::encode(advert).value());
}

node_proxy::node_advert read_advert(std::string_view text) {
  auto octets = node_proxy::from_hex(text);
  if (octets)
    if (auto result = node_proxy::decode<node_proxy::node_advert>(*octets))
      return std::move(*result);
  throw std::runtime_error{"no advert: " + std::string{text}};
}

} // namespace bench
