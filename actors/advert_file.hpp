// Node adverts in files, to be handed from one operator to another.
//
// An advert file is the line `node-proxy advert v1` and then the BARE encoding
// of the node advert (PROTOCOL.md, "Node adverts"), signature included.

#pragma once

#include <string>

#include <node_proxy/actors/file_error.hpp>
#include <node_proxy/base/bytes.hpp>
#include <node_proxy/base/export.hpp>
#include <node_proxy/messages/node_advert.hpp>

namespace node_proxy {

/// Reads the advert file at `path` and checks the signature. Errors: not_found,
/// not_regular, too_large, damaged, bad_signature, io.
[[nodiscard]] NODE_PROXY_EXPORT tl::expected<node_advert, file_error>
load_advert(const std::string& path);

/// Writes `advert` in place of what the file has had in it so far. Errors:
/// too_large, damaged if it cannot be encoded, not_found if there is no such
/// folder, io.
[[nodiscard]] NODE_PROXY_EXPORT tl::expected<void, file_error>
save_advert(const std::string& path, const node_advert& advert);

} // namespace node_proxy
