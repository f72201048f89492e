#include "recent_events.hpp"

#include <chrono>
#include <utility>

namespace node_proxy::tools {

void recent_events::add(std::string object) {
  auto since = std::chrono::system_clock::now().time_since_epoch();
  auto at =
    std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
  // Its last character is the brace that closes it.
  object.insert(object.size() - 1, ",\"at\":" + std::to_string(at));
  std::lock_guard guard{mutex_};
  followers_.remove_if(
    [&object](const follower& x) { return !x.tell(object); });
  events_.push_back(std::move(object));
  if (events_.size() > max_events)
    events_.pop_front();
}

void recent_events::follow(follower next) {
  std::lock_guard guard{mutex_};
  // If nothing happens for long, nobody else finds out.
  followers_.remove_if([](const follower& x) { return x.gone(); });
  for (const auto& x : events_)
    if (!next.tell(x))
      return;
  followers_.push_back(std::move(next));
}

std::string recent_events::array() const {
  std::lock_guard guard{mutex_};
  std::string result{'['};
  for (const auto& x : events_)
    result += (result.size() > 1 ? "," : "") + x;
  return result + ']';
}

} // namespace node_proxy::tools
