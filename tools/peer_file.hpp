// What `--peer FILE` names.

#pragma once

#include <string>

#include <node_proxy/actors/advert_file.hpp>

namespace node_proxy::tools {

/// Reads the advert of another node than `self`.
[[nodiscard]] tl::expected<node_advert, file_error>
load_peer(const std::string& path, const node_id& self);

} // namespace node_proxy::tools
