// Octets that nobody else may see.

#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <ostream>
#include <span>

#include <sodium/utils.h>

namespace node_proxy {

/// `N` octets that are wiped when they are destroyed, moved away or assigned
/// over. Each copy is as careful as the original. It does not turn into a plain
/// span by itself: who reads it writes `view()`.
template <std::size_t N>
class secret {
public:
  /// All zeros.
  secret() noexcept = default;

  explicit secret(std::span<const std::byte, N> value) noexcept {
    std::copy(value.begin(), value.end(), octets_.begin());
  }

  secret(const secret&) noexcept = default;

  secret(secret&& other) noexcept : octets_{other.octets_} { other.wipe(); }

  secret& operator=(const secret&) noexcept = default;

  secret& operator=(secret&& other) noexcept {
    if (this != &other) {
      octets_ = other.octets_;
      other.wipe();
    }
    return *this;
  }

  ~secret() { wipe(); }

  static constexpr std::size_t size() noexcept { return N; }

  [[nodiscard]] std::span<const std::byte, N> view() const noexcept {
    return octets_;
  }

  [[nodiscard]] std::byte* data() noexcept { return octets_.data(); }

  [[nodiscard]] const std::byte* data() const noexcept {
    return octets_.data();
  }

  /// Sets all octets to zero, in a way that no optimizer removes.
  void wipe() noexcept { sodium_memzero(octets_.data(), N); }

  /// Takes the same time wherever the two differ.
  friend bool operator==(const secret& a, const secret& b) noexcept {
    return sodium_memcmp(a.data(), b.data(), N) == 0;
  }

  friend std::ostream& operator<<(std::ostream& out, const secret&) {
    return out << "<redacted>";
  }

private:
  std::array<std::byte, N> octets_{};
};

/// A symmetric key, a private key or a seed.
using secret_key = secret<32>;

} // namespace node_proxy
