// The lines of `node-proxy run`, as docs/FORMATS.md shows them.

#pragma once

#include <string>
#include <string_view>

namespace node_proxy::testing {

/// Whether a line looks like one of the document: the same event, with the same
/// keys in the same order, and values of the same types.
[[nodiscard]] bool is_documented(std::string_view line);

} // namespace node_proxy::testing
