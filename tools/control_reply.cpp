#include "control_reply.hpp"

#include <utility>

namespace node_proxy::tools {

bool control_reply::add(std::string_view line) {
  std::lock_guard guard{mutex_};
  if (closed_ || finished_)
    return false;
  if (text_.empty() || text_.size() + line.size() < max_waiting)
    text_.append(line).append(1, '\n');
  else
    closed_ = overrun_ = true;
  changed_->set();
  return !closed_;
}

void control_reply::finish(std::string_view line) {
  add(line);
  std::lock_guard guard{mutex_};
  finished_ = true;
  changed_->set();
}

void control_reply::follow() {
  std::lock_guard guard{mutex_};
  follows_ = true;
}

std::string control_reply::take() {
  std::lock_guard guard{mutex_};
  return std::exchange(text_, {});
}

bool control_reply::follows() const {
  std::lock_guard guard{mutex_};
  return follows_;
}

bool control_reply::closed() const {
  std::lock_guard guard{mutex_};
  return closed_;
}

bool control_reply::overrun() const {
  std::lock_guard guard{mutex_};
  return overrun_;
}

bool control_reply::finished() const {
  std::lock_guard guard{mutex_};
  return finished_ && text_.empty();
}

void control_reply::close() {
  std::lock_guard guard{mutex_};
  closed_ = true;
  // Whoever adds lines may hold this for long.
  std::string{}.swap(text_);
}

} // namespace node_proxy::tools
