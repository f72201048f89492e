#include <node_proxy/actors/engines/engine_requests.hpp>

#include <mutex>
#include <utility>

namespace node_proxy::internal {

/// Where answers wait for whoever asked, whatever thread they come from.
class engine_requests::answer_box {
public:
  explicit answer_box(caf::actor owner) : owner_(std::move(owner)) {}

  void put(caf::mailbox_element& x) {
    if (!x.mid.is_response())
      return;
    answer result{x.mid.integer_value(), std::nullopt, std::nullopt};
    auto& content = x.content();
    if (content.match_elements<caf::error>())
      result.error = content.get_as<caf::error>(0);
    else if (content.match_elements<batch_taken>())
      result.taken = content.get_as<batch_taken>(0).count;
    std::unique_lock guard{mutex_};
    answers_.push_back(std::move(result));
    if (answers_.size() > 1)
      return; // the owner knows
    guard.unlock();
    caf::anon_send(owner_, engines_answered{});
  }

  std::vector<answer> take() {
    std::lock_guard guard{mutex_};
    return std::exchange(answers_, {});
  }

private:
  std::mutex mutex_;
  std::vector<answer> answers_;
  const caf::actor owner_;
};

engine_requests::~engine_requests() {
  // Engines that have not answered yet refer to the companion, which refers to
  // the actor that asked.
  if (asker_)
    end_companion(companion());
}

std::vector<engine_requests::answer> engine_requests::take_answers() {
  return box_ ? box_->take() : std::vector<answer>{};
}

void engine_requests::start() {
  box_ = std::make_shared<answer_box>(caf::actor_cast<caf::actor>(self_));
  // Hidden: the end of the actor system does not wait for it.
  asker_ = self_->system().spawn<caf::actor_companion, caf::hidden>();
  companion().on_enqueue(
    [box = box_](const caf::mailbox_element_ptr& x) { box->put(*x); });
}

caf::actor_companion& engine_requests::companion() const {
  return *static_cast<caf::actor_companion*>(
    caf::actor_cast<caf::abstract_actor*>(asker_));
}

} // namespace node_proxy::internal
