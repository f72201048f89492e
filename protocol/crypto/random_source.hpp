// Randomness that is a function of a seed.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <node_proxy/protocol/crypto/secret.hpp>
#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

/// A deterministic stream of random octets: ChaCha20 (RFC 8439) with fast key
/// erasure, so that what it holds says nothing about what it gave out. The same
/// seed gives the same stream on every machine. Good for keys as well as for
/// jitter, if the seed is. It cannot be copied, as two copies would repeat each
/// other; one that was moved from ends the program when it is used.
class random_source {
public:
  explicit random_source(const secret_key& seed) noexcept;

  random_source(random_source&& other) noexcept;
  random_source& operator=(random_source&& other) noexcept;
  random_source(const random_source&) = delete;
  random_source& operator=(const random_source&) = delete;
  ~random_source() = default;

  /// Fills `out` with the next octets of the stream.
  void fill(std::span<std::byte> out) noexcept;

  /// The next eight octets as a little-endian number.
  [[nodiscard]] std::uint64_t next_u64() noexcept;

  /// A number below `bound`, each with the same probability. `bound` > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) noexcept;

  /// A duration below `bound` and not below zero, likewise.
  [[nodiscard]] duration below(duration bound) noexcept {
    return duration{static_cast<duration::rep>(
      below(static_cast<std::uint64_t>(bound.count())))};
  }

  /// The next 32 octets.
  [[nodiscard]] secret_key next_key() noexcept;

private:
  static constexpr std::size_t pool_size = 96;
  static constexpr std::size_t moved_from = pool_size + 1;

  void refill() noexcept;

  secret_key key_;
  secret<pool_size> pool_;
  // How much of the pool was given out.
  std::size_t used_ = pool_size;
};

} // namespace node_proxy::internal
