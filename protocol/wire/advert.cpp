#include <node_proxy/protocol/wire/advert.hpp>

#include <string_view>

#include <node_proxy/protocol/wire/bare.hpp>

namespace node_proxy::internal {

namespace {

constexpr std::string_view advert_context = "node-proxy advert v1";

// The fields that the signature covers, as a value of its own. Archives that
// write do not change what they are given.
struct signed_fields {
  const node_advert* advert = nullptr;

  template <class Archive>
  void serialize(Archive& archive) {
    const_cast<node_advert*>(advert)->serialize_signed(archive);
  }
};

expected<bytes, bare_error> encode_signed(const node_advert& advert) {
  return encode(signed_fields{&advert});
}

} // namespace

expected<void, bare_error> sign_advert(const identity& owner,
                                       node_advert& advert) {
  advert.id = owner.id();
  auto data = encode_signed(advert);
  if (!data)
    return unexpected{data.error()};
  advert.sig = owner.sign(advert_context, *data);
  return {};
}

bool verify_advert(const node_advert& advert) {
  auto data = encode_signed(advert);
  return data && verify(advert.id, advert_context, *data, advert.sig);
}

expected<void, node_advert_refusal> check_advert(const node_advert& advert,
                                                 const node_id& owner,
                                                 std::uint64_t known_version) {
  // The limits of the parts keep the whole far below `limits::advert_size`.
  auto data = encode_signed(advert);
  if (!data && data.error() == bare_error::too_long)
    return unexpected{node_advert_refusal::too_large};
  if (advert.id != owner)
    return unexpected{node_advert_refusal::wrong_node};
  if (advert.version <= known_version)
    return unexpected{node_advert_refusal::stale};
  // What cannot be encoded was not signed either.
  if (!data || !verify(advert.id, advert_context, *data, advert.sig))
    return unexpected{node_advert_refusal::bad_signature};
  return {};
}

} // namespace node_proxy::internal
