#include <node_proxy/actors/engines/engine_requests.hpp>

#include <mutex>
#include <utility>

#include <node_proxy/actors/caf/answers.hpp>
#include <node_proxy/actors/caf/sending.hpp>

namespace node_proxy::internal {

/// Where answers wait for whoever asked, whatever thread they come from.
class engine_requests::answer_box {
public:
  explicit answer_box(caf::actor owner) : owner_(std::move(owner)) {}

  template <class Content>
  void put(number_type number, const Content& content) {
    answer result{number, std::nullopt, std::nullopt};
    if (content.template match_elements<caf::error>())
      result.error = content.template get_as<caf::error>(0);
    else if (content.template match_elements<batch_taken>())
      result.taken = content.template get_as<batch_taken>(0).count;
    std::unique_lock guard{mutex_};
    answers_.push_back(std::move(result));
    if (answers_.size() > 1)
      return; // the owner knows
    guard.unlock();
    send_anonymously(owner_, engines_answered{});
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
  internal::handle_answers(companion(),
                           [box = box_](auto number, const auto& content) {
                             box->put(number, content);
                           });
}

caf::actor_companion& engine_requests::companion() const {
  return *static_cast<caf::actor_companion*>(
    caf::actor_cast<caf::abstract_actor*>(asker_));
}

} // namespace node_proxy::internal
