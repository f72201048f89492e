// Signing and checking node adverts (PROTOCOL.md, "Node adverts").

#pragma once

#include <cstdint>

#include <node_proxy/messages/node_advert.hpp>
#include <node_proxy/protocol/crypto/identity.hpp>
#include <node_proxy/protocol/wire/bare_error.hpp>

namespace node_proxy::internal {

/// Makes `advert` the signed advert of `owner`: sets `id` and `sig`. Errors: a
/// field that cannot be encoded (too_long, bad_utf8); `sig` is unchanged then.
[[nodiscard]] expected<void, bare_error> sign_advert(const identity& owner,
                                                     node_advert& advert);

/// Whether `advert.sig` is right: made by `advert.id` over all other fields.
[[nodiscard]] bool verify_advert(const node_advert& advert);

/// Checks an advert that came from `owner`, of whom version `known_version` is
/// known (0 = none). Cheap checks come first. Errors, in the order of the
/// checks: too_large, wrong_node, stale, bad_signature.
[[nodiscard]] expected<void, node_advert_refusal>
check_advert(const node_advert& advert, const node_id& owner,
             std::uint64_t known_version);

} // namespace node_proxy::internal
