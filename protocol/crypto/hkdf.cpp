#include <node_proxy/protocol/crypto/hkdf.hpp>

#include <algorithm>
#include <cassert>
#include <initializer_list>

#include <sodium/crypto_auth_hmacsha256.h>

#include <node_proxy/protocol/crypto/octets.hpp>

namespace node_proxy::internal {

namespace {

static_assert(crypto_auth_hmacsha256_BYTES == secret_key::size());

// HMAC-SHA256 under one key, of which half of the work for short messages goes
// into the key.
class hmac {
public:
  explicit hmac(bytes_view key) {
    crypto_auth_hmacsha256_init(&keyed_, octets(key.data()), key.size());
  }

  hmac(const hmac&) = delete;
  hmac& operator=(const hmac&) = delete;

  ~hmac() { sodium_memzero(&keyed_, sizeof(keyed_)); }

  // Of the parts, one after the other.
  [[nodiscard]] secret_key of(std::initializer_list<bytes_view> parts) const {
    auto state = keyed_;
    for (auto part : parts)
      crypto_auth_hmacsha256_update(&state, octets(part.data()), part.size());
    secret_key result;
    crypto_auth_hmacsha256_final(&state, octets(result.data()));
    sodium_memzero(&state, sizeof(state));
    return result;
  }

private:
  crypto_auth_hmacsha256_state keyed_;
};

} // namespace

void hkdf(bytes_view ikm, bytes_view salt, bytes_view info,
          std::span<std::byte> out) noexcept {
  assert(out.size() <= 255 * secret_key::size());
  // PRK = HMAC-Hash(salt, IKM); without a salt, it is HashLen zeros.
  const secret_key no_salt;
  auto prk = hmac{salt.empty() ? no_salt.view() : salt}.of({ikm});
  // T(0) = empty, T(N) = HMAC-Hash(PRK, T(N-1) | info | N)
  const hmac expand{prk.view()};
  secret_key block;
  bytes_view previous;
  for (std::byte counter{1}; !out.empty();
       counter = std::byte(std::to_integer<unsigned>(counter) + 1)) {
    block = expand.of({previous, info, {&counter, 1}});
    previous = block.view();
    auto size = std::min(out.size(), block.size());
    std::copy_n(block.data(), size, out.begin());
    out = out.subspan(size);
  }
}

std::array<secret_key, 2> hkdf2(const secret_key& chaining_key,
                                bytes_view ikm) noexcept {
  // Noise's HKDF is that of RFC 5869 with the chaining key as salt and no info.
  secret<2 * secret_key::size()> output;
  hkdf(ikm, chaining_key.view(), {}, {output.data(), output.size()});
  std::array<secret_key, 2> result;
  std::copy_n(output.data(), secret_key::size(), result[0].data());
  std::copy_n(output.data() + secret_key::size(), secret_key::size(),
              result[1].data());
  return result;
}

} // namespace node_proxy::internal
