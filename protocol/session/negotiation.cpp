#include <node_proxy/protocol/session/negotiation.hpp>

#include <algorithm>

#include <node_proxy/protocol/crypto/identity.hpp>

namespace node_proxy::internal {

std::optional<std::uint64_t> highest_common_version(version_range a,
                                                    version_range b) {
  auto low = std::max(a.min, b.min);
  auto high = std::min(a.max, b.max);
  if (low > high)
    return std::nullopt;
  return high;
}

std::optional<cipher_suite>
choose_cipher(std::span<const std::uint64_t> offered, bool have_aes) {
  auto offers = [offered](cipher_suite suite) {
    return std::ranges::count(offered, static_cast<std::uint64_t>(suite)) > 0;
  };
  if (!offers(cipher_suite::chacha20_poly1305))
    return std::nullopt;
  if (have_aes && offers(cipher_suite::aes256_gcm))
    return cipher_suite::aes256_gcm;
  return cipher_suite::chacha20_poly1305;
}

bool is_of(const connect_request& request, const noise_public_key& key) {
  // An id that is no valid point has no key.
  auto named = noise_key_of(request.src_node_id);
  return named && *named == key;
}

connect_reply answer_request(const connect_request& request,
                             const node_id& self, const connect_facts& facts) {
  auto refuse = [](connect_reply_error reason) {
    return connect_reply{reason};
  };
  auto own_key =
    without_sign_bit(request.src_node_id) == without_sign_bit(self);
  if (request.dst_node_id != self || own_key || facts.twin_connected
      || !facts.allowed)
    return refuse(connect_reply_error::denied);
  auto version = highest_common_version(
    facts.versions, {request.proto_ver_min, request.proto_ver_max});
  if (!version)
    return refuse(connect_reply_error::incompatible);
  if (facts.over_capacity)
    return refuse(connect_reply_error::over_capacity);
  return {connect_reply_ok{*version, facts.advert_versions}};
}

} // namespace node_proxy::internal
