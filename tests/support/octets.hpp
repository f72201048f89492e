// Octets for tests: from hex, numbered, random by seed.

#pragma once

#include <algorithm>
#include <array>
#include <string>

#include <node_proxy/base/hex.hpp>
#include <node_proxy/messages/basics.hpp>
#include <node_proxy/protocol/crypto/random_source.hpp>

namespace test {

using namespace node_proxy;
using namespace node_proxy::internal;

inline bytes hex(std::string_view text) {
  return from_hex(text).value();
}

template <std::size_t N>
std::array<std::byte, N> hex_array(std::string_view text) {
  auto data = hex(text);
  std::array<std::byte, N> result;
  std::copy_n(data.begin(), N, result.begin());
  return result;
}

inline secret_key hex_key(std::string_view text) {
  return secret_key{hex_array<32>(text)};
}

/// first, first + 1, first + 2, ...
inline bytes numbered(std::size_t size, unsigned first = 0) {
  bytes result(size);
  for (auto& octet : result)
    octet = static_cast<std::byte>(first++);
  return result;
}

inline secret_key numbered_key(unsigned first) {
  return hex_key(to_hex(numbered(32, first)));
}

inline random_source seeded(std::uint64_t seed) {
  secret_key key;
  for (std::size_t i = 0; i < 8; ++i)
    key.data()[i] = static_cast<std::byte>(seed >> (8 * i));
  return random_source{key};
}

inline bytes random_bytes(random_source& random, std::size_t size) {
  bytes result(size);
  random.fill(result);
  return result;
}

/// `data` with `mask` changed at `position`.
inline bytes altered(bytes_view data, std::size_t position,
                     std::byte mask = std::byte{0x01}) {
  auto result = to_bytes(data);
  result[position] ^= mask;
  return result;
}

inline bytes joined(bytes_view a, bytes_view b) {
  auto result = to_bytes(a);
  result.insert(result.end(), b.begin(), b.end());
  return result;
}

} // namespace test
