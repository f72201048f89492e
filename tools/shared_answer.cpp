#include "shared_answer.hpp"

#include <utility>

namespace node_proxy::tools {

shared_answer::shared_answer(clock::duration lifetime,
                             std::function<answer()> make,
                             std::function<clock::time_point()> now)
  : lifetime_{lifetime}, make_{std::move(make)}, now_{std::move(now)} {}

shared_answer::answer shared_answer::get() {
  std::lock_guard guard{mutex_};
  if (!last_ || now_() - last_->at >= lifetime_) {
    auto what = make_();
    last_ = made{std::move(what), now_()};
  }
  return last_->what;
}

} // namespace node_proxy::tools
