#include <node_proxy/base/visible.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>

#include <node_proxy/base/utf8.hpp>

namespace node_proxy::internal {

namespace {

struct code_range {
  char32_t first;
  char32_t last;
};

// In ascending order.
constexpr code_range invisible[] = {
  {0x0000, 0x001F},   // control
  {0x007F, 0x009F},   // control: DEL, C1
  {0x00AD, 0x00AD},   // soft hyphen
  {0x034F, 0x034F},   // combining grapheme joiner
  {0x061C, 0x061C},   // Arabic letter mark
  {0x115F, 0x1160},   // Hangul fillers
  {0x17B4, 0x17B5},   // inherent vowels of Khmer
  {0x180B, 0x180F},   // selectors and separator of Mongolian
  {0x200B, 0x200F},   // zero width; direction marks
  {0x2028, 0x202E},   // separators of lines and paragraphs; directions
  {0x2060, 0x206F},   // joiner, invisible operators; directions
  {0x3164, 0x3164},   // Hangul filler
  {0xFE00, 0xFE0F},   // variation selectors
  {0xFEFF, 0xFEFF},   // zero width no-break space
  {0xFFA0, 0xFFA0},   // Hangul filler
  {0xFFF0, 0xFFFB},   // reserved; interlinear annotation
  {0x1BCA0, 0x1BCA3}, // shorthand format
  {0x1D173, 0x1D17A}, // musical format
  {0xE0000, 0xE0FFF}, // tags, more variation selectors
};

/// Whether it is a character of ASCII that one sees, or a blank.
bool is_plain(char octet) {
  return octet >= 0x20 && octet < 0x7F;
}

bool is_invisible(char32_t code) {
  const auto* range =
    std::find_if(std::begin(invisible), std::end(invisible),
                 [code](const code_range& x) { return code <= x.last; });
  return range != std::end(invisible) && code >= range->first;
}

/// The character that begins `text`; one octet if that is no UTF-8.
std::string_view first_sequence(std::string_view text) {
  constexpr std::size_t longest = 4;
  for (std::size_t size = 1; size <= std::min(longest, text.size()); ++size)
    if (is_utf8(text.substr(0, size)))
      return text.substr(0, size);
  return text.substr(0, 1);
}

/// The code point of a well-formed sequence.
char32_t decode_sequence(std::string_view sequence) {
  auto first = static_cast<unsigned char>(sequence.front());
  if (sequence.size() == 1)
    return first;
  // The first octet has a bit less for the code with each octet that follows.
  char32_t result = first & (0x7Fu >> sequence.size());
  for (auto octet : sequence.substr(1))
    result = result << 6 | (static_cast<unsigned char>(octet) & 0x3Fu);
  return result;
}

void append_unit(std::string& out, char32_t unit) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += "\\u";
  for (auto shift : {12u, 8u, 4u, 0u})
    out += digits[unit >> shift & 0xFu];
}

void append_escape(std::string& out, char32_t code) {
  if (code < 0x10000)
    return append_unit(out, code);
  append_unit(out, 0xD800 + ((code - 0x10000) >> 10));
  append_unit(out, 0xDC00 + ((code - 0x10000) & 0x3FFu));
}

} // namespace

std::string make_visible(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (;;) {
    // Most of most texts.
    auto end = std::find_if_not(text.begin(), text.end(), is_plain);
    result.append(text.begin(), end);
    text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
    if (text.empty())
      return result;
    auto sequence = first_sequence(text);
    if (!is_utf8(sequence))
      result += "\xEF\xBF\xBD";
    else if (auto code = decode_sequence(sequence); is_invisible(code))
      append_escape(result, code);
    else
      result += sequence;
    text.remove_prefix(sequence.size());
  }
}

} // namespace node_proxy::internal
