#include <node_proxy/actors/caf/end_note.hpp>

#include <atomic>
#include <utility>

namespace node_proxy::internal {

namespace {

struct id_token {
  // Is none of CAF's own, which count from 0.
  static constexpr std::size_t token_type = 0x6e70;

  end_note::id_type id;
};

class probe final : public end_note {
public:
  struct result {
    std::atomic<bool> is_known = false;
    std::atomic<actor_end> how = actor_end::normal; // once that is known
  };

  probe(id_type id, std::shared_ptr<result> end)
    : end_note{id}, end_{std::move(end)} {}

  void handle_end(actor_end how) override {
    end_->how = how;
    end_->is_known = true;
  }

private:
  // The note may be at work when nobody waits for it any more.
  std::shared_ptr<result> end_;
};

} // namespace

end_note::id_type end_note::new_id() {
  static std::atomic<id_type> last{0};
  return ++last;
}

bool end_note::matches(const token& what) {
  return what.subtype == id_token::token_type
         && static_cast<const id_token*>(what.ptr)->id == id_;
}

void attach(const caf::actor& whom, std::unique_ptr<end_note> note) {
  caf::actor_cast<caf::abstract_actor*>(whom)->attach(std::move(note));
}

void detach(const caf::actor& whom, end_note::id_type id) {
  id_token token{id};
  caf::actor_cast<caf::abstract_actor*>(whom)->detach(token);
}

std::optional<actor_end> end_of(const caf::actor& whom) {
  auto end = std::make_shared<probe::result>();
  auto id = end_note::new_id();
  attach(whom, std::make_unique<probe>(id, end));
  detach(whom, id);
  return end->is_known ? std::optional{end->how.load()} : std::nullopt;
}

bool is_over(const caf::actor& whom) {
  auto* actor = caf::actor_cast<caf::abstract_actor*>(whom);
  if (auto* x = dynamic_cast<caf::scheduled_actor*>(actor);
      x != nullptr && x->mailbox().closed())
    return true;
  if (auto* x = dynamic_cast<caf::blocking_actor*>(actor);
      x != nullptr && x->mailbox().closed())
    return true;
  return end_of(whom).has_value();
}

} // namespace node_proxy::internal
