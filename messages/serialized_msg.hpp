// Messages as octets (arch.node.net.router_types).

#pragma once

#include <variant>

#include <node_proxy/messages/basics.hpp>
#include <node_proxy/messages/field.hpp>

namespace node_proxy {

/// `SerializedMsg = BARE ByteString`: an encoded `engine_msg`.
struct serialized_msg {
  bytes bare;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::make_nvp("bare", sole_alternative{bare}));
  }

  friend bool operator==(const serialized_msg&,
                         const serialized_msg&) = default;
};

/// Unencrypted. It exists in the specification; on the wire it is refused.
struct encrypted_msg_null {
  bytes data;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(data));
  }

  friend bool operator==(const encrypted_msg_null&,
                         const encrypted_msg_null&) = default;
};

/// Sealed with ChaCha20-Poly1305 (RFC 8439); ends with the 16-byte tag.
struct encrypted_msg_chacha20_poly1305 {
  bytes data;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(data));
  }

  friend bool operator==(const encrypted_msg_chacha20_poly1305&,
                         const encrypted_msg_chacha20_poly1305&) = default;
};

/// Sealed with AES-256-GCM (NIST SP 800-38D); ends with the 16-byte tag.
struct encrypted_msg_aes256_gcm {
  bytes data;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(data));
  }

  friend bool operator==(const encrypted_msg_aes256_gcm&,
                         const encrypted_msg_aes256_gcm&) = default;
};

/// `EncryptedMsg = EncryptedMsgNull ByteString`, and the two ciphers of this
/// protocol as additions. What is inside: PROTOCOL.md, "Sealed frames".
using encrypted_msg =
  std::variant<encrypted_msg_null, encrypted_msg_chacha20_poly1305,
               encrypted_msg_aes256_gcm>;

} // namespace node_proxy
