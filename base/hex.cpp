#include <node_proxy/base/hex.hpp>

#include <sodium/utils.h>

namespace node_proxy {

namespace {

std::span<std::byte> octets_of(std::string& text) {
  // With the zero behind its end, which may be written again.
  return {reinterpret_cast<std::byte*>(text.data()), text.size() + 1};
}

} // namespace

std::string to_hex(bytes_view data) {
  std::string result(2 * data.size(), '\0');
  write_hex(data, octets_of(result));
  return result;
}

std::optional<bytes> from_hex(std::string_view text) {
  bytes result(text.size() / 2);
  if (!read_hex(text, result))
    return std::nullopt;
  return result;
}

void write_hex(bytes_view data, std::span<std::byte> out) {
  sodium_bin2hex(reinterpret_cast<char*>(out.data()), out.size(),
                 reinterpret_cast<const unsigned char*>(data.data()),
                 data.size());
}

bool read_hex(std::string_view text, std::span<std::byte> out) {
  if (text.size() != 2 * out.size())
    return false;
  // libsodium wants a place, even for nothing. Without one to tell where it
  // stopped it refuses what is not all hexadecimal.
  return out.empty()
         || sodium_hex2bin(reinterpret_cast<unsigned char*>(out.data()),
                           out.size(), text.data(), text.size(), nullptr,
                           nullptr, nullptr)
              == 0;
}

} // namespace node_proxy
