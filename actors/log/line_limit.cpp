#include <node_proxy/actors/log/line_limit.hpp>

#include <utility>

namespace node_proxy::internal {

std::optional<std::uint64_t> line_limit::handle_line(std::string_view kind,
                                                     std::string_view text,
                                                     steady_time now) {
  std::string key{kind};
  if (kinds_.size() >= max_kinds && !kinds_.contains(key))
    kinds_.clear();
  auto [position, is_new] = kinds_.try_emplace(std::move(key));
  auto& known = position->second;
  if (is_new || now - known.since >= interval) {
    known.since = now;
    known.lines = 0;
  }
  auto repeats = text == last_text_ && now - last_at_ < interval;
  if (repeats || known.lines >= max_lines) {
    ++known.left_out;
    return std::nullopt;
  }
  ++known.lines;
  last_text_ = text;
  last_at_ = now;
  return std::exchange(known.left_out, 0);
}

} // namespace node_proxy::internal
