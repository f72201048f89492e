#include <node_proxy/actors/loop/os_random.hpp>

#include <sodium/randombytes.h>

namespace node_proxy::internal {

secret_key os_random_key() {
  secret_key result;
  randombytes_buf(result.data(), secret_key::size());
  return result;
}

} // namespace node_proxy::internal
