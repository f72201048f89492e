// What a node says in words to whoever operates it.

#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include <spdlog/common.h>
#include <spdlog/fmt/fmt.h>

namespace spdlog {
class logger;
}

namespace node_proxy::internal {

/// Writes to the logger that the user of the node gave (`node_config::logger`),
/// or to nobody. Lines that repeat themselves are left out (`line_limit`), and
/// none has in it what a terminal would obey (`make_visible`).
/// Copies share logger and limit; any thread may write.
class node_log {
public:
  /// Silent.
  node_log() = default;

  explicit node_log(std::shared_ptr<spdlog::logger> logger);

  template <class... Ts>
  void debug(fmt::format_string<Ts...> format, Ts&&... values) const {
    write(spdlog::level::debug, format, std::forward<Ts>(values)...);
  }

  template <class... Ts>
  void info(fmt::format_string<Ts...> format, Ts&&... values) const {
    write(spdlog::level::info, format, std::forward<Ts>(values)...);
  }

  template <class... Ts>
  void warn(fmt::format_string<Ts...> format, Ts&&... values) const {
    write(spdlog::level::warn, format, std::forward<Ts>(values)...);
  }

  template <class... Ts>
  void error(fmt::format_string<Ts...> format, Ts&&... values) const {
    write(spdlog::level::err, format, std::forward<Ts>(values)...);
  }

private:
  class sink;

  template <class... Ts>
  void write(spdlog::level::level_enum level, fmt::format_string<Ts...> format,
             Ts&&... values) const {
    if (!wants(level))
      return;
    fmt::string_view kind = format;
    pass_on(level, {kind.data(), kind.size()},
            fmt::format(format, std::forward<Ts>(values)...));
  }

  [[nodiscard]] bool wants(spdlog::level::level_enum level) const;
  void pass_on(spdlog::level::level_enum level, std::string_view kind,
               std::string_view text) const;

  std::shared_ptr<sink> sink_;
};

} // namespace node_proxy::internal
