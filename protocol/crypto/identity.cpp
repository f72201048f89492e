#include <node_proxy/protocol/crypto/identity.hpp>

#include <array>
#include <cassert>
#include <new>
#include <utility>

#include <sodium/crypto_sign.h>
#include <sodium/crypto_sign_ed25519.h>
#include <sodium/utils.h>

#include <node_proxy/protocol/crypto/crypto_init.hpp>
#include <node_proxy/protocol/crypto/octets.hpp>

namespace node_proxy {

using namespace internal;

namespace {

static_assert(crypto_sign_PUBLICKEYBYTES == sizeof(node_id::data));
static_assert(crypto_sign_SECRETKEYBYTES == secret<64>::size());
static_assert(crypto_sign_SEEDBYTES == secret_key::size());
static_assert(crypto_sign_BYTES == sizeof(signature::data));

// context || 0x00 || data
bytes signed_octets(std::string_view context, bytes_view data) {
  assert(context.find('\0') == std::string_view::npos);
  bytes result;
  result.reserve(context.size() + 1 + data.size());
  append(result, as_bytes(context));
  result.push_back(std::byte{0});
  append(result, data);
  return result;
}

/// Whether the coordinate is less than 2^255 - 19 (RFC 8032, section 5.1.3).
bool is_canonical(const node_id& id) noexcept {
  constexpr auto prime = [] {
    std::array<unsigned char, sizeof(id.data)> result;
    result.fill(0xff);
    result.front() = 0xed;
    result.back() = 0x7f;
    return result;
  }();
  auto coordinate = without_sign_bit(id);
  return sodium_compare(octets(coordinate.data.data()), prime.data(),
                        prime.size())
         < 0;
}

} // namespace

/// Between pages that nobody may touch. Where no more memory may be locked,
/// libsodium goes on with what cannot be.
std::shared_ptr<identity::private_keys> identity::make_private_keys() {
  // It marks the ends of such memory, in a way that it chooses here.
  static_cast<void>(init_crypto());
  auto* memory = sodium_malloc(sizeof(private_keys));
  if (memory == nullptr)
    throw std::bad_alloc{};
  return {new (memory) private_keys, [](private_keys* keys) {
            keys->~private_keys();
            sodium_free(keys);
          }};
}

identity identity::from_seed(const secret_key& seed) {
  identity result;
  auto keys = make_private_keys();
  crypto_sign_seed_keypair(octets(result.id_.data.data()),
                           octets(keys->signing.data()), octets(seed.data()));
  crypto_sign_ed25519_sk_to_curve25519(octets(keys->noise.data()),
                                       octets(keys->signing.data()));
  result.private_ = std::move(keys);
  // It fails for points that a key pair cannot have.
  [[maybe_unused]] auto failed = crypto_sign_ed25519_pk_to_curve25519(
    octets(result.noise_public_.data()), octets(result.id_.data.data()));
  assert(failed == 0);
  return result;
}

signature identity::sign(std::string_view context, bytes_view data) const {
  auto message = signed_octets(context, data);
  signature result;
  crypto_sign_detached(octets(result.data.data()), nullptr,
                       octets(message.data()), message.size(),
                       octets(private_->signing.data()));
  return result;
}

bool verify(const node_id& id, std::string_view context, bytes_view data,
            const signature& sig) {
  auto message = signed_octets(context, data);
  return crypto_sign_verify_detached(octets(sig.data.data()),
                                     octets(message.data()), message.size(),
                                     octets(id.data.data()))
         == 0;
}

tl::expected<noise_public_key, identity_error>
noise_key_of(const node_id& id) noexcept {
  noise_public_key result;
  // The conversion looks at all that `crypto_core_ed25519_is_valid_point` looks
  // at but this, and takes as long.
  if (!is_canonical(id)
      || crypto_sign_ed25519_pk_to_curve25519(octets(result.data()),
                                              octets(id.data.data()))
           != 0)
    return tl::unexpected{identity_error::invalid_point};
  return result;
}

node_id without_sign_bit(const node_id& id) noexcept {
  auto result = id;
  result.data.back() &= std::byte{0x7f};
  return result;
}

node_id twin_of(const node_id& id) noexcept {
  auto result = id;
  result.data.back() ^= std::byte{0x80};
  return result;
}

} // namespace node_proxy
