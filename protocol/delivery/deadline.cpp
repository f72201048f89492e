#include <node_proxy/protocol/delivery/deadline.hpp>

#include <algorithm>

#include <node_proxy/messages/limits.hpp>

namespace node_proxy::internal {

namespace {

std::optional<deadline> expiry_at(const expiry_time& expiry, timestamp now) {
  if (auto relative = std::get_if<rel_time>(&expiry)) {
    if (relative->seconds > limits::expiry_seconds)
      return std::nullopt;
    return now.steady + std::chrono::seconds{relative->seconds};
  }
  auto minutes = std::get<abs_time>(expiry).minutes;
  if (minutes > now.minute().minutes + limits::expiry_seconds / 60)
    return std::nullopt;
  return std::chrono::seconds{60 * minutes};
}

/// How long it is until then.
duration time_until(const deadline& expires, timestamp now) {
  if (auto steady = std::get_if<steady_time>(&expires))
    return *steady - now.steady;
  return std::get<std::chrono::seconds>(expires) - now.wall;
}

} // namespace

std::optional<deadline> deadline_of(const expiry_time& expiry, timestamp now,
                                    time_limit limit) {
  auto result = expiry_at(expiry, now);
  if (result && limit && time_until(*result, now) > *limit)
    return now.steady + *limit;
  return result;
}

bool has_passed(const deadline& expires, timestamp now) {
  if (auto steady = std::get_if<steady_time>(&expires))
    return *steady <= now.steady;
  return std::get<std::chrono::seconds>(expires) <= now.wall;
}

steady_time steady_deadline(const deadline& expires, timestamp now) {
  if (auto steady = std::get_if<steady_time>(&expires))
    return *steady;
  auto wait = std::get<std::chrono::seconds>(expires) - now.wall;
  return now.steady
         + std::clamp(wait, std::chrono::seconds{0}, std::chrono::seconds{60});
}

} // namespace node_proxy::internal
