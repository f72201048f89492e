#include "limit/crypto.hpp"

#include <array>
#include <stdexcept>
#include <vector>

#include <sodium.h>

#include <node_proxy/protocol/crypto/cipher.hpp>
#include <node_proxy/protocol/crypto/crypto_init.hpp>
#include <node_proxy/protocol/crypto/identity.hpp>

namespace bench {

namespace {

using namespace node_proxy;
using namespace node_proxy::internal;

/// Repeats `work` for a while, first to warm up.
template <class Work>
throughput repeat(const transfer_options& options, Work work) {
  auto run = [&](bench_clock::duration how_long) {
    throughput result{0, options.size, {}};
    auto begun = bench_clock::now();
    do {
      work();
      ++result.messages;
      result.took = bench_clock::now() - begun;
    } while (result.took < how_long);
    return result;
  };
  static_cast<void>(run(options.warm_up()));
  return run(options.how_long());
}

void demand(bool done) {
  if (!done)
    throw std::runtime_error{"libsodium has failed"};
}

void measure_cipher(const transfer_options& options, cipher_suite suite) {
  aead cipher{secret_key{}, suite};
  auto nonce = make_nonce(0);
  bytes plain(options.size, std::byte{0x5a});
  bytes sealed(options.size + aead_tag_size);
  auto report = [&](const char* what, const throughput& result) {
    json line{{"bench", "limit"}, {"mode", what}, {"cipher", name(suite)}};
    add(line, result);
    print(line);
  };
  // It costs the same each time, whatever the octets and the nonce are.
  report("seal",
         repeat(options, [&] { cipher.seal(nonce, {}, plain, sealed); }));
  report("open", repeat(options, [&] {
           demand(cipher.open(nonce, {}, sealed, plain));
         }));
}

} // namespace

void measure_aead(const transfer_options& options) {
  demand(init_crypto());
  if (aes_available())
    measure_cipher(options, cipher_suite::aes256_gcm);
  measure_cipher(options, cipher_suite::chacha20_poly1305);
}

void measure_x25519(const transfer_options& options) {
  demand(init_crypto());
  using key = std::array<unsigned char, crypto_scalarmult_BYTES>;
  key secret{1, 2, 3};
  key point;
  key result;
  demand(crypto_scalarmult_base(point.data(), secret.data()) == 0);
  auto report = [](const char* what, const throughput& all) {
    json line{{"bench", "limit"}, {"mode", what}};
    add(line, all);
    print(line);
  };
  transfer_options of_keys = options;
  of_keys.size = key{}.size();
  report("x25519", repeat(of_keys, [&] {
           demand(crypto_scalarmult(result.data(), secret.data(), point.data())
                  == 0);
         }));
  report("x25519_base", repeat(of_keys, [&] {
           demand(crypto_scalarmult_base(result.data(), secret.data()) == 0);
         }));
  auto id = identity::from_seed(secret_key{}).id();
  report("ed25519_to_x25519",
         repeat(of_keys, [&] { demand(noise_key_of(id).has_value()); }));
}

} // namespace bench
