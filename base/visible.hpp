// Text of strangers for terminals and logs.

#pragma once

#include <string>
#include <string_view>

namespace node_proxy::internal {

/// `text` in one line, without anything in it that a terminal obeys, that
/// changes the order in which the rest is shown, or that nobody sees. Instead
/// of each such character there is `\uXXXX`, above U+FFFF two of them, as in
/// JSON (RFC 8259, section 7): so JSON without line ends means the same
/// afterwards. These are the control characters (Unicode's category Cc), line
/// and paragraph separators, marks of interlinear annotation, and whatever has
/// the property Default_Ignorable_Code_Point (Unicode 15). U+FFFD stands for
/// each octet that is not UTF-8.
[[nodiscard]] std::string make_visible(std::string_view text);

} // namespace node_proxy::internal
