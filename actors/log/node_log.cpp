#include <node_proxy/actors/log/node_log.hpp>

#include <chrono>
#include <mutex>

#include <spdlog/logger.h>

#include <node_proxy/actors/log/line_limit.hpp>
#include <node_proxy/base/visible.hpp>

namespace node_proxy::internal {

class node_log::sink {
public:
  explicit sink(std::shared_ptr<spdlog::logger> logger)
    : logger_{std::move(logger)} {}

  [[nodiscard]] bool wants(spdlog::level::level_enum level) const {
    return logger_->should_log(level);
  }

  void write(spdlog::level::level_enum level, std::string_view kind,
             std::string_view text) {
    auto now = std::chrono::steady_clock::now().time_since_epoch();
    std::optional<std::uint64_t> left_out;
    {
      std::lock_guard guard{mutex_};
      left_out = limit_.handle_line(kind, text, now);
    }
    if (!left_out)
      return;
    auto visible = make_visible(text);
    if (*left_out == 0)
      logger_->log(level, "{}", visible);
    else
      logger_->log(level, "{} ({} more like this were left out before)",
                   visible, *left_out);
  }

private:
  std::shared_ptr<spdlog::logger> logger_;
  std::mutex mutex_;
  line_limit limit_;
};

node_log::node_log(std::shared_ptr<spdlog::logger> logger)
  : sink_{logger ? std::make_shared<sink>(std::move(logger)) : nullptr} {}

bool node_log::wants(spdlog::level::level_enum level) const {
  return sink_ && sink_->wants(level);
}

void node_log::pass_on(spdlog::level::level_enum level, std::string_view kind,
                       std::string_view text) const {
  sink_->write(level, kind, text);
}

} // namespace node_proxy::internal
