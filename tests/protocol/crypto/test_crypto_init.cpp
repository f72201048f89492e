#include <node_proxy/protocol/crypto/crypto_init.hpp>

#include <doctest/doctest.h>

TEST_CASE("init_crypto may be called again") {
  CHECK(node_proxy::init_crypto());
  CHECK(node_proxy::init_crypto());
}
