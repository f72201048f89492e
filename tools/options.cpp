#include "options.hpp"

#include <algorithm>
#include <charconv>

#include <node_proxy/base/hex.hpp>
#include <node_proxy/protocol/crypto/identity.hpp>

namespace node_proxy::tools {

tl::expected<node_id, std::string> parse_node_id(std::string_view text) {
  node_id result;
  auto octets = from_hex(text);
  if (!octets || octets->size() != result.data.size())
    return tl::unexpected{"'" + std::string{text}
                          + "' is no node id: expected 64 hexadecimal digits"};
  std::copy(octets->begin(), octets->end(), result.data.begin());
  if (!noise_key_of(result))
    return tl::unexpected{"'" + std::string{text}
                          + "' is no node id: it is no valid public key"};
  return result;
}

CLI::Validator whole_number(std::uint64_t min, std::uint64_t max) {
  auto bounds = "from " + std::to_string(min) + " to " + std::to_string(max);
  auto check = [=](const std::string& text) -> std::string {
    std::uint64_t value = 0;
    auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc{} && end == text.data() + text.size() && value >= min
        && value <= max)
      return {};
    return "'" + text + "' is none: expected a whole number " + bounds;
  };
  return {check, bounds};
}

} // namespace node_proxy::tools
