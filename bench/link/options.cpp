#include "link/options.hpp"

#include <algorithm>
#include <chrono>

#include <node_proxy/protocol/crypto/cipher.hpp>
#include <node_proxy/protocol/crypto/crypto_init.hpp>

#include "nodes/setup.hpp"

namespace bench {

namespace {

/// Some batches of that kind.
constexpr std::size_t outstanding_in_batches = 4096;

} // namespace

std::string sink_name(std::size_t index) {
  return "sink" + std::to_string(index);
}

link_options with_defaults(link_options options) {
  auto& batch = options.batch;
  if (options.mode != "batch")
    batch = 1;
  else if (batch == 0)
    batch = batch_for(options.size);
  auto& outstanding = options.outstanding;
  if (outstanding == 0) {
    auto max =
      options.mode == "batch" ? outstanding_in_batches : outstanding_singles;
    outstanding = outstanding_for(options.size, max) / options.senders;
  }
  outstanding = std::max(outstanding, batch);
  return options;
}

node_proxy::node_config make_link_config(const link_options& x) {
  auto result = make_node_config();
  result.use_aes = !x.chacha;
  result.busy_poll = std::chrono::microseconds{x.busy_poll};
  result.event_loops = x.loops;
  result.max_peers = std::max(result.max_peers, x.peers);
  return result;
}

std::string cipher_name(const link_options& options) {
  using node_proxy::internal::cipher_suite;
  auto aes = !options.chacha && node_proxy::init_crypto()
             && node_proxy::internal::aes_available();
  return std::string{node_proxy::internal::name(
    aes ? cipher_suite::aes256_gcm : cipher_suite::chacha20_poly1305)};
}

} // namespace bench
