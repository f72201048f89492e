#include "engine_option.hpp"

#include <algorithm>

#include "console.hpp"

namespace node_proxy::tools {

tl::expected<engine_option, std::string> parse_engine(std::string_view text) {
  auto wrong = [text](std::string_view why) {
    return tl::unexpected{"'" + std::string{text} + "' " + std::string{why}
                          + ": expected NAME=print, NAME=echo, NAME=count or "
                            "NAME=save:FOLDER"};
  };
  // The name of a folder may have one, too.
  auto save = text.find("=save:");
  auto equals = std::min(save, text.rfind('='));
  if (equals == std::string_view::npos)
    return wrong("has no '='");
  auto name = text.substr(0, equals);
  auto kind = text.substr(equals + 1);
  if (!is_engine_name(name))
    return wrong("has no engine name, which has 1 to 255 bytes of UTF-8");
  engine_option result{engine_name{name}};
  if (kind == "print")
    result.kind = engine_kind::print;
  else if (kind == "echo")
    result.kind = engine_kind::echo;
  else if (kind == "count")
    result.kind = engine_kind::count;
  else if (equals == save)
    result.kind = engine_kind::save;
  else
    return wrong("names no kind of engine");
  if (result.kind == engine_kind::save)
    result.folder = kind.substr(kind.find(':') + 1);
  if (result.kind == engine_kind::save && result.folder.empty())
    return wrong("names no folder");
  // Two of which one answers the other would never come to an end.
  if (name == console_engine && result.kind != engine_kind::print)
    return wrong("is the engine of what is typed, which prints what comes");
  return result;
}

} // namespace node_proxy::tools
