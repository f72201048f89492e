#include "send_progress.hpp"

#include <utility>

#include "status_table.hpp"

namespace node_proxy::tools {

namespace {

/// Makes a terminal forget the line at hand.
constexpr std::string_view clear_line = "\r\x1b[K";

} // namespace

std::string progress_text(const sent_amount& x,
                          std::chrono::duration<double> took) {
  auto per_second =
    took.count() > 0 ? static_cast<double>(x.bytes) / took.count() : 0.0;
  auto result = bytes_text(x.bytes) + ", "
                + bytes_text(static_cast<std::uint64_t>(per_second)) + "/s, "
                + std::to_string(x.acknowledged) + " of "
                + std::to_string(x.messages) + " messages acknowledged";
  if (x.failed > 0)
    result += ", " + std::to_string(x.failed) + " failed";
  return result;
}

send_progress::send_progress(std::function<void(std::string_view)> write,
                             clock::time_point now)
  : write_{std::move(write)}, begun_{now} {}

void send_progress::handle_amount(const sent_amount& x, clock::time_point now) {
  auto is_due =
    now - begun_ >= begin_after && (!shown_ || now - *shown_ >= interval);
  if (!write_ || !is_due)
    return;
  shown_ = now;
  write_(std::string{clear_line} + progress_text(x, now - begun_));
}

void send_progress::handle_end() {
  if (std::exchange(shown_, std::nullopt))
    write_(clear_line);
}

} // namespace node_proxy::tools
