// Who a node is: its Ed25519 key pair and the X25519 pair that follows from it.

#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <node_proxy/base/export.hpp>
#include <node_proxy/messages/identities.hpp>
#include <node_proxy/protocol/crypto/noise_types.hpp>
#include <node_proxy/protocol/crypto/secret.hpp>

namespace node_proxy {

/// Why a node id is refused.
enum class identity_error : std::uint8_t {
  /// It is no canonical point of the prime-order subgroup of Ed25519.
  invalid_point,
};

template <>
inline constexpr std::array<std::string_view, 1> enum_names<identity_error>{
  "invalid_point"};

/// A node's own keys (PROTOCOL.md, "Identities"). The private ones are in
/// memory once, which all copies share: it is not swapped out (as far as the
/// system lets so much be locked), in no core dump, and wiped at the end.
class NODE_PROXY_EXPORT identity {
public:
  /// Every seed of 32 octets is an identity (RFC 8032, section 5.1.5). Throws
  /// std::bad_alloc if there is no memory.
  [[nodiscard]] static identity from_seed(const secret_key& seed);

  /// The Ed25519 public key.
  [[nodiscard]] const node_id& id() const noexcept { return id_; }

  /// What the identity was made from, to keep it in a file.
  [[nodiscard]] std::span<const std::byte, 32> seed() const noexcept {
    return private_->signing.view().first<32>();
  }

  /// The static key pair of the Noise handshake.
  [[nodiscard]] const secret_key& noise_secret() const noexcept {
    return private_->noise;
  }
  [[nodiscard]] const noise_public_key& noise_public() const noexcept {
    return noise_public_;
  }

  /// Signs `context`, a zero octet and `data`. The context keeps a signature of
  /// one kind of structure from being taken for one of another kind; it has no
  /// zero octet in it.
  [[nodiscard]] signature sign(std::string_view context, bytes_view data) const;

private:
  struct private_keys {
    // The seed, and the public key behind it.
    secret<64> signing;
    secret_key noise;
  };

  identity() noexcept = default;

  static std::shared_ptr<private_keys> make_private_keys();

  node_id id_;
  std::shared_ptr<const private_keys> private_;
  noise_public_key noise_public_{};
};

/// Whether `sig` is what the owner of `id` made by `identity::sign`.
[[nodiscard]] NODE_PROXY_EXPORT bool verify(const node_id& id,
                                            std::string_view context,
                                            bytes_view data,
                                            const signature& sig);

/// The static Noise key that belongs to a node id. Ids from outside pass
/// through here before anything is based on them.
[[nodiscard]] NODE_PROXY_EXPORT tl::expected<noise_public_key, identity_error>
noise_key_of(const node_id& id) noexcept;

/// Two node ids that differ in the sign bit only have the same Noise key. What
/// is counted or denied per node is compared in this form.
[[nodiscard]] NODE_PROXY_EXPORT node_id
without_sign_bit(const node_id& id) noexcept;

/// The other one of these two.
[[nodiscard]] NODE_PROXY_EXPORT node_id twin_of(const node_id& id) noexcept;

} // namespace node_proxy
