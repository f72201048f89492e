#include "log_sink.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <node_proxy/base/visible.hpp>

#include "line_writer.hpp"

namespace node_proxy::tools {

namespace {

std::string lines_left_out(std::uint64_t lines) {
  return "node-proxy: " + std::to_string(lines)
         + " lines of the log were left out, as nobody read them\n";
}

class log_sink : public spdlog::sinks::base_sink<std::mutex> {
public:
  void close(std::chrono::milliseconds at_most) { writer_.close(at_most); }

protected:
  void sink_it_(const spdlog::details::log_msg& msg) override {
    // Our own line end is the only one.
    auto text =
      internal::make_visible({msg.payload.data(), msg.payload.size()});
    auto visible = msg;
    visible.payload = text;
    spdlog::memory_buf_t line;
    formatter_->format(visible, line);
    writer_.offer({line.data(), line.size()});
  }

  void flush_() override {
    // It is written as soon as somebody takes it.
  }

private:
  line_writer writer_{STDERR_FILENO, lines_left_out, [] {
                      }};
};

std::shared_ptr<log_sink>& the_sink() {
  static std::shared_ptr<log_sink> result;
  return result;
}

std::atomic<bool> level_fixed = false;

} // namespace

bool is_log_level(const std::string& text) {
  return std::ranges::find(log_levels, text) != log_levels.end();
}

std::string log_level_names() {
  std::string result;
  for (const auto* x : log_levels)
    result.append(result.empty() ? "" : ", ").append(x);
  return result;
}

void set_log_level(const std::string& level) {
  if (!level_fixed)
    spdlog::default_logger()->set_level(spdlog::level::from_str(level));
}

void start_log(const std::string& level, bool fixed) {
  the_sink() = std::make_shared<log_sink>();
  auto logger = std::make_shared<spdlog::logger>("node-proxy", the_sink());
  spdlog::set_default_logger(std::move(logger));
  set_log_level(level);
  level_fixed = fixed;
}

void stop_log(std::chrono::milliseconds at_most) {
  if (the_sink())
    the_sink()->close(at_most);
}

} // namespace node_proxy::tools
