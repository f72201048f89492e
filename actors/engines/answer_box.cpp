#include <node_proxy/actors/engines/answer_box.hpp>

#include <atomic>
#include <utility>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/local_messages.hpp>

namespace node_proxy::internal {

namespace {

std::uint64_t new_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

// What this thread has put last: the box, and the request.
thread_local constinit std::pair<std::uint64_t, std::uint64_t> last_put{0, 0};

} // namespace

answer_box::answer_box(caf::actor owner)
  : id_(new_id()), owner_(std::move(owner)) {}

void answer_box::put(engine_answer answer) {
  last_put = {id_, answer.number};
  std::unique_lock guard{mutex_};
  if (!owner_)
    return;
  answers_.push_back(std::move(answer));
  if (answers_.size() > 1)
    return; // the owner knows
  auto owner = owner_;
  guard.unlock();
  send_anonymously(owner, engines_answered{});
}

std::vector<engine_answer> answer_box::take() {
  std::lock_guard guard{mutex_};
  return std::exchange(answers_, {});
}

void answer_box::close() {
  // It goes when nothing is locked any more.
  caf::actor owner;
  std::lock_guard guard{mutex_};
  std::swap(owner, owner_);
  answers_.clear();
}

bool answer_box::was_last(std::uint64_t number) const {
  return last_put == std::pair{id_, number};
}

} // namespace node_proxy::internal
