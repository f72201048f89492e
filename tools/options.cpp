#include "options.hpp"

#include <algorithm>

#include <node_proxy/base/hex.hpp>
#include <node_proxy/protocol/crypto/identity.hpp>

namespace node_proxy::tools {

tl::expected<node_id, std::string> parse_node_id(std::string_view text) {
  node_id result;
  auto octets = from_hex(text);
  if (!octets || octets->size() != result.data.size())
    return tl::unexpected{"'" + std::string{text}
                          + "' is no node id: expected 64 hexadecimal digits"};
  std::copy(octets->begin(), octets->end(), result.data.begin());
  if (!noise_key_of(result))
    return tl::unexpected{"'" + std::string{text}
                          + "' is no node id: it is no valid public key"};
  return result;
}

} // namespace node_proxy::tools
