#include <node_proxy/base/hex.hpp>

namespace node_proxy {

namespace {

constexpr std::string_view digits = "0123456789abcdef";

std::optional<unsigned> digit_value(char digit) {
  if (digit >= '0' && digit <= '9')
    return static_cast<unsigned>(digit - '0');
  if (digit >= 'a' && digit <= 'f')
    return static_cast<unsigned>(digit - 'a' + 10);
  if (digit >= 'A' && digit <= 'F')
    return static_cast<unsigned>(digit - 'A' + 10);
  return std::nullopt;
}

} // namespace

std::string to_hex(bytes_view data) {
  std::string result;
  result.reserve(2 * data.size());
  for (auto octet : data) {
    auto value = std::to_integer<std::size_t>(octet);
    result += digits[value >> 4];
    result += digits[value & 15];
  }
  return result;
}

std::optional<bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0)
    return std::nullopt;
  bytes result;
  result.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    auto high = digit_value(text[i]);
    auto low = digit_value(text[i + 1]);
    if (!high || !low)
      return std::nullopt;
    result.push_back(static_cast<std::byte>(*high << 4 | *low));
  }
  return result;
}

} // namespace node_proxy
