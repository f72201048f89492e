// The identity of a node in a file.
//
// A key file is text of these three lines:
//
//     node-proxy key v1
//     id NODE_ID
//     seed SEED
//
// NODE_ID and SEED have 64 lower-case hexadecimal digits each; SEED is the
// private key of RFC 8032. The node id follows from it, so that damage to
// either shows. What editors and other systems add is no damage: a mark of
// UTF-8 at the beginning, line ends of CR LF, blanks at the ends of lines,
// empty lines at the end.

#pragma once

#include <string>

#include <node_proxy/actors/file_error.hpp>
#include <node_proxy/base/bytes.hpp>
#include <node_proxy/base/export.hpp>
#include <node_proxy/protocol/crypto/identity.hpp>

namespace node_proxy {

/// A new identity, from randomness of the operating system. Without such
/// randomness there is no way on: libsodium ends the program then.
[[nodiscard]] NODE_PROXY_EXPORT identity make_identity();

/// Reads the identity in the key file at `path`. Errors: not_found,
/// not_regular, not_private if anybody but the owner may read or write the
/// file, too_large, damaged, io.
[[nodiscard]] NODE_PROXY_EXPORT tl::expected<identity, file_error>
load_identity(const std::string& path);

/// Writes `self` to a new key file with mode 0600. Errors: exists (a key is
/// never overwritten), not_found if there is no such folder, io.
[[nodiscard]] NODE_PROXY_EXPORT tl::expected<void, file_error>
save_identity(const std::string& path, const identity& self);

} // namespace node_proxy
