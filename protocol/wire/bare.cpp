#include <node_proxy/protocol/wire/bare.hpp>

namespace node_proxy::detail {

void append_long_uint(bytes& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    out.push_back(static_cast<std::byte>(value | 0x80));
  out.push_back(static_cast<std::byte>(value));
}

tl::expected<std::uint64_t, bare_error> take_long_uint(bytes_view& input) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < max_uint_size; ++i) {
    if (i == input.size())
      return tl::unexpected{bare_error::truncated};
    auto octet = std::to_integer<std::uint64_t>(input[i]);
    // Nine octets carry 63 bits, so the tenth can only be 1.
    if (i + 1 == max_uint_size && octet > 1)
      return tl::unexpected{bare_error::too_long};
    value |= (octet & 0x7F) << (7 * i);
    if (octet < 0x80) {
      if (octet == 0 && i > 0)
        return tl::unexpected{bare_error::not_minimal};
      input = input.subspan(i + 1);
      return value;
    }
  }
  return tl::unexpected{bare_error::too_long};
}

} // namespace node_proxy::detail
