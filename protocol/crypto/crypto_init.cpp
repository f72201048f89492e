#include <node_proxy/protocol/crypto/crypto_init.hpp>

#include <sodium/core.h>

namespace node_proxy {

bool init_crypto() noexcept {
  return sodium_init() >= 0;
}

} // namespace node_proxy
