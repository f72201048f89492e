#include <node_proxy/base/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace node_proxy {

namespace {

bool between(char octet, unsigned low, unsigned high) {
  auto value = static_cast<unsigned char>(octet);
  return value >= low && value <= high;
}

bool continues(char octet) {
  return between(octet, 0x80, 0xBF);
}

/// Length of the ASCII prefix of `text`, found eight octets at a time.
std::size_t ascii_prefix(std::string_view text) {
  std::size_t pos = 0;
  for (std::uint64_t word; text.size() - pos >= sizeof(word);
       pos += sizeof(word)) {
    std::memcpy(&word, text.data() + pos, sizeof(word));
    if ((word & 0x8080808080808080u) != 0)
      break;
  }
  while (pos < text.size() && between(text[pos], 0, 0x7F))
    ++pos;
  return pos;
}

/// Length of the well-formed sequence that begins `text`, which begins with an
/// octet that is not ASCII; 0 if it is ill-formed. Unicode, table 3-7.
std::size_t sequence_length(std::string_view text) {
  auto first = static_cast<unsigned char>(text[0]);
  if (first >= 0xC2 && first <= 0xDF)
    return text.size() >= 2 && continues(text[1]) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    unsigned high = first == 0xED ? 0x9F : 0xBF;
    return text.size() >= 3 && between(text[1], low, high) && continues(text[2])
             ? 3
             : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    unsigned low = first == 0xF0 ? 0x90 : 0x80;
    unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return text.size() >= 4 && between(text[1], low, high) && continues(text[2])
               && continues(text[3])
             ? 4
             : 0;
  }
  return 0;
}

} // namespace

bool is_utf8(std::string_view text) {
  for (;;) {
    text.remove_prefix(ascii_prefix(text));
    if (text.empty())
      return true;
    auto length = sequence_length(text);
    if (length == 0)
      return false;
    text.remove_prefix(length);
  }
}

} // namespace node_proxy
