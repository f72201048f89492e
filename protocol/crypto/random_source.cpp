#include <node_proxy/protocol/crypto/random_source.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdlib>
#include <utility>

#include <sodium/crypto_stream_chacha20.h>

#include <node_proxy/protocol/crypto/octets.hpp>

namespace node_proxy::internal {

random_source::random_source(const secret_key& seed) noexcept : key_{seed} {}

random_source::random_source(random_source&& other) noexcept
  : key_{std::move(other.key_)}, pool_{std::move(other.pool_)},
    used_{std::exchange(other.used_, moved_from)} {}

random_source& random_source::operator=(random_source&& other) noexcept {
  if (this != &other) {
    key_ = std::move(other.key_);
    pool_ = std::move(other.pool_);
    used_ = std::exchange(other.used_, moved_from);
  }
  return *this;
}

// Each block of the stream begins with the key of the next block, so the nonce
// never has to change and no earlier block can be computed again.
void random_source::refill() noexcept {
  constexpr std::array<unsigned char, crypto_stream_chacha20_ietf_NONCEBYTES>
    nonce{};
  secret<secret_key::size() + pool_size> block;
  crypto_stream_chacha20_ietf(octets(block.data()), block.size(), nonce.data(),
                              octets(key_.data()));
  key_ = secret_key{block.view().first<secret_key::size()>()};
  pool_ = secret<pool_size>{block.view().last<pool_size>()};
  used_ = 0;
}

void random_source::fill(std::span<std::byte> out) noexcept {
  // The stream of the wiped key is known to everybody.
  if (used_ == moved_from)
    std::abort();
  while (!out.empty()) {
    if (used_ == pool_size)
      refill();
    auto size = std::min(out.size(), pool_size - used_);
    auto* next = pool_.data() + used_;
    std::copy_n(next, size, out.begin());
    sodium_memzero(next, size);
    used_ += size;
    out = out.subspan(size);
  }
}

std::uint64_t random_source::next_u64() noexcept {
  std::array<std::byte, 8> octets;
  fill(octets);
  std::uint64_t result = 0;
  for (auto i = octets.size(); i-- > 0;)
    result = result << 8 | std::to_integer<std::uint64_t>(octets[i]);
  return result;
}

std::uint64_t random_source::below(std::uint64_t bound) noexcept {
  assert(bound > 0);
  // The numbers left from here on are a whole multiple of `bound` (this is 2^64
  // modulo `bound`).
  auto first = -bound % bound;
  for (;;)
    if (auto number = next_u64(); number >= first)
      return number % bound;
}

secret_key random_source::next_key() noexcept {
  secret_key result;
  fill({result.data(), result.size()});
  return result;
}

} // namespace node_proxy::internal
