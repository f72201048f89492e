// The ciphers that can be tested on this machine.

#pragma once

#include <vector>

#include <doctest/doctest.h>

#include <node_proxy/protocol/crypto/cipher.hpp>
#include <node_proxy/protocol/crypto/crypto_init.hpp>

namespace test {

inline std::vector<node_proxy::internal::cipher_suite> ciphers() {
  using enum node_proxy::internal::cipher_suite;
  REQUIRE(node_proxy::init_crypto());
  if (node_proxy::internal::aes_available())
    return {chacha20_poly1305, aes256_gcm};
  MESSAGE("this processor has no AES-256-GCM: not tested");
  return {chacha20_poly1305};
}

} // namespace test
