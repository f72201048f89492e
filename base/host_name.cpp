#include <node_proxy/base/host_name.hpp>

#include <algorithm>

namespace node_proxy {

namespace {

bool is_digit(char x) {
  return x >= '0' && x <= '9';
}

bool is_letter_or_digit(char x) {
  return (x >= 'a' && x <= 'z') || is_digit(x);
}

bool is_label(std::string_view text) {
  auto is_allowed = [](char x) {
    return is_letter_or_digit(x) || x == '-';
  };
  return !text.empty() && text.size() <= max_host_label && text.front() != '-'
         && text.back() != '-' && std::ranges::all_of(text, is_allowed);
}

bool is_number(std::string_view label) {
  auto is_hex = [](char x) {
    return is_digit(x) || (x >= 'a' && x <= 'f');
  };
  if (label.starts_with("0x"))
    return std::ranges::all_of(label.substr(2), is_hex);
  return std::ranges::all_of(label, is_digit);
}

} // namespace

bool is_host_name(std::string_view text) {
  if (text.size() > max_host_name)
    return false;
  for (;;) {
    auto dot = text.find('.');
    auto label = text.substr(0, dot);
    if (!is_label(label))
      return false;
    if (dot == std::string_view::npos)
      return !is_number(label);
    text.remove_prefix(dot + 1);
  }
}

} // namespace node_proxy
