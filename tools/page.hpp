// The page that people look at, in parts as they are in tools/page/.

#pragma once

#include <string_view>

namespace node_proxy::tools::page {

extern const std::string_view html;
extern const std::string_view css;
extern const std::string_view script;

} // namespace node_proxy::tools::page
