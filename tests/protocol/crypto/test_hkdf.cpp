#include <node_proxy/protocol/crypto/hkdf.hpp>

#include <doctest/doctest.h>

#include "support/octets.hpp"

using namespace test;

namespace {

std::string hkdf_hex(bytes_view ikm, bytes_view salt, bytes_view info,
                     std::size_t size) {
  bytes out(size);
  hkdf(ikm, salt, info, out);
  return to_hex(out);
}

} // namespace

TEST_CASE("HKDF gives what RFC 5869 says, appendix A.1") {
  CHECK(
    hkdf_hex(bytes(22, std::byte{0x0b}), numbered(13), numbered(10, 0xf0), 42)
    == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
       "34007208d5b887185865");
}

TEST_CASE("HKDF gives what RFC 5869 says, appendix A.2") {
  CHECK(hkdf_hex(numbered(80), numbered(80, 0x60), numbered(80, 0xb0), 82)
        == "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
           "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
           "cc30c58179ec3e87c14c01d5c1f3434f1d87");
}

TEST_CASE("HKDF gives what RFC 5869 says, appendix A.3: no salt, no info") {
  CHECK(hkdf_hex(bytes(22, std::byte{0x0b}), {}, {}, 42)
        == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
           "9d201395faa4b61a96c8");
}

TEST_CASE("HKDF gives all that it can") {
  // Made with hkdfSync of Node.js: the last octets of the longest output.
  auto longest = hkdf_hex(numbered(32), {}, {}, 255 * 32);
  CHECK(longest.substr(longest.size() - 64)
        == "6e9a5f711ead9389353207b23ba95c33948a7ee25fc4191bc4603756e36bd204");
  CHECK(hkdf_hex(numbered(32), {}, {}, 0).empty());
  CHECK(longest.starts_with(hkdf_hex(numbered(32), {}, {}, 33)));
}

TEST_CASE("the HKDF of Noise has two outputs") {
  // Made with hkdfSync of Node.js: chaining key as salt, no info, 64 octets.
  auto [a, b] = hkdf2(numbered_key(0), numbered(32, 32));
  CHECK(to_hex(a.view())
        == "2607f5d05b268e0057684567787ed2f250fdb6e5b0572df9ef57a29539e5b5f8");
  CHECK(to_hex(b.view())
        == "ccc538566c93ab32f7106fbee1e0e9fa5501f6363b63ce894b3a27385f13c86c");
}
