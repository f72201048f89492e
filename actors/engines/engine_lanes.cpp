#include <node_proxy/actors/engines/engine_lanes.hpp>

#include <algorithm>
#include <utility>

#include <node_proxy/actors/caf/answers.hpp>
#include <node_proxy/actors/engines/engine_fault.hpp>

namespace node_proxy::internal {

namespace {

/// Requests under way to an engine that takes single messages.
constexpr std::size_t single_requests = 256;

/// The same for an engine that takes batches: one is being worked on while the
/// next one gathers.
constexpr std::size_t batch_requests = 2;

/// Where a batch ends.
constexpr std::size_t batch_messages = 1'024;
constexpr std::size_t batch_bytes = 256 * 1'024;

/// Why an engine that answers with an error has not taken a message.
control::reject_reason reason_of(const caf::error& error,
                                 std::optional<engine_fault> fault,
                                 bool is_typed) {
  using enum control::reject_reason;
  if (fault == engine_fault::gone)
    return engine_gone;
  // What a typed engine gets has been decoded.
  return !is_typed && error == errc::malformed ? malformed : engine_failed;
}

/// Nobody asks a typed engine any more. Answers that are promised still come,
/// but for those of another process: there, whoever asks has to stay.
void end_asker(const caf::actor& asker, const engine_entry& engine) {
  if (asker && engine.is_remote())
    end_companion(companion_of(asker));
}

std::span<const delivery_id>
ids_of(const std::variant<delivery_id, std::vector<delivery_id>>& request) {
  if (auto many = std::get_if<std::vector<delivery_id>>(&request))
    return *many;
  return {&std::get<delivery_id>(request), 1};
}

} // namespace

engine_lanes::engine_lanes(caf::scheduled_actor* self,
                           std::shared_ptr<engine_directory> engines,
                           node_log log, finished_handler finished,
                           caf::actor_addr proxy)
  : self_(self), log_(std::move(log)), requests_(self),
    engines_(std::move(engines)), finished_(std::move(finished)),
    proxy_(std::move(proxy)) {}

engine_lanes::~engine_lanes() {
  for (auto& [key, x] : lanes_) {
    end_asker(x.asker, *x.to);
    engines_->unwatch(x.to, self_->id());
  }
}

void engine_lanes::deliver(deliver_message&& message) {
  auto to = find_lane(message.msg.target);
  if (!to) {
    refuse(message.id, to.error());
    return;
  }
  auto& x = **to;
  x.untaken->add(1);
  x.waiting.push_back(std::move(message));
  if (!std::exchange(x.delivered_to, true))
    delivered_to_.push_back(&x);
}

void engine_lanes::pass_on_delivered() {
  for (auto* x : delivered_to_) {
    x->delivered_to = false;
    pass_on(*x);
  }
  delivered_to_.clear();
}

expected<engine_lanes::lane*, control::reject_reason>
engine_lanes::find_lane(const engine_id& whom) {
  const auto& name = whom.name;
  if (recent_ && recent_->to->registered() && recent_->to->name() == name)
    return recent_;
  // The directory is shared by threads.
  auto known = by_name_.find(name);
  auto found = known != by_name_.end() && known->second->to->registered()
                 ? known->second
                 : find_or_add(whom);
  if (found)
    recent_ = *found;
  return found;
}

expected<engine_lanes::lane*, control::reject_reason>
engine_lanes::find_or_add(const engine_id& whom) {
  using enum control::reject_reason;
  auto entry = engines_->find(whom.name);
  if (!entry)
    return unexpected{entry.error() == errc::engine_gone ? engine_gone
                                                         : unknown_engine};
  auto known = lanes_.find(entry->get());
  if (known == lanes_.end()) {
    lane added;
    added.to = std::move(*entry);
    if (!engines_->watch(*added.to, caf::actor_cast<engine_watcher>(self_),
                         added.untaken))
      return unexpected{engine_gone};
    known = lanes_.try_emplace(added.to.get(), std::move(added)).first;
    start(known->second, whom);
  }
  return by_name_[whom.name] = &known->second;
}

/// Prepares for what is to come for the engine of this name.
void engine_lanes::start(lane& x, const engine_id& name) {
  if (!x.to->types()) {
    x.notes = requests_.notes_on(*x.to);
    return;
  }
  auto sender = std::make_shared<answer_sender>(
    x.to->types(), engines_->router(), name, x.to->engine().address(),
    x.to->is_remote() ? requests_.box() : nullptr, proxy_);
  x.notes = requests_.notes_on(*x.to, sender);
  x.asker = answer_sender::spawn_asker(self_->system(), std::move(sender));
}

void engine_lanes::handle_answers() {
  for (const auto& answer : requests_.take_answers())
    handle_answer(answer);
}

void engine_lanes::handle(const engine_left& msg) {
  // What it has taken before counts.
  handle_answers();
  auto known = lanes_.find(msg.entry.get());
  if (known == lanes_.end())
    return;
  auto& x = known->second;
  refuse_waiting(x);
  // Of the others CAF tells what becomes of each request, some time.
  if (msg.entry->ended() && may_lose_requests(msg.entry->engine()))
    refuse_asked(x);
  forget_if_done(x);
}

void engine_lanes::pass_on(lane& x) {
  auto max = x.to->batches() ? batch_requests : single_requests;
  while (!x.waiting.empty() && x.open < max && x.to->registered()) {
    if (x.to->types())
      ask_typed(x);
    else if (x.to->batches())
      ask_batch(x);
    else
      ask_one(x);
  }
}

void engine_lanes::ask_one(lane& x) {
  auto [id, msg] = x.waiting.take_front();
  auto number = requests_.ask(*x.to, x.notes, std::move(msg));
  note_asked(x, number, id);
}

void engine_lanes::ask_typed(lane& x) {
  auto [id, msg] = x.waiting.take_front();
  asker from{std::move(msg.sender), msg.mailbox};
  auto request = x.to->types()->decode_request(msg.msg, from);
  if (!request) {
    x.to->warn_malformed(log_, from.engine, request.error());
    x.untaken->remove(1);
    refuse(id, control::reject_reason::malformed);
    return;
  }
  auto content = std::move(request->content);
  auto number =
    from.mailbox
      ? requests_.ask_for(*x.to, x.notes, x.asker,
                          {std::move(from.engine), *from.mailbox, request->to},
                          std::move(content))
      : requests_.ask(*x.to, x.notes, std::move(content));
  note_asked(x, number, id);
}

void engine_lanes::ask_batch(lane& x) {
  engine_msg_batch batch;
  std::vector<delivery_id> ids;
  auto max = std::min(x.waiting.size(), batch_messages);
  batch.msgs.reserve(max);
  ids.reserve(max);
  for (std::size_t size = 0; ids.size() < max && size < batch_bytes;) {
    auto [id, msg] = x.waiting.take_front();
    size += msg.msg.size();
    ids.push_back(id);
    batch.msgs.push_back(std::move(msg));
  }
  auto number = requests_.ask(*x.to, x.notes, std::move(batch));
  note_asked(x, number, std::move(ids));
}

void engine_lanes::note_asked(lane& x, std::uint64_t number, request what) {
  ++x.open;
  asked_.add(number, {&x, std::move(what)});
}

void engine_lanes::handle_answer(const engine_answer& answer) {
  auto known = asked_.take(answer.number);
  if (!known)
    return;
  auto& x = *known->to;
  const auto& asked = known->what;
  --x.open;
  if (answer.error) {
    auto fault = fault_of(*answer.error, x.to->engine().address());
    if (fault == engine_fault::unfit)
      x.to->warn_unfit(log_);
    finish(
      x, asked,
      {0, reason_of(answer.error->error, fault, x.to->types() != nullptr)});
  } else {
    auto all = ids_of(asked).size();
    auto taken = std::min<std::uint64_t>(answer.taken.value_or(all), all);
    finish(x, asked, {static_cast<std::size_t>(taken)});
  }
  pass_on(x);
  forget_if_done(x);
}

/// Nothing more will be told about this request.
void engine_lanes::finish(lane& x, const request& asked, result what) {
  auto ids = ids_of(asked);
  x.untaken->remove(ids.size());
  if (what.taken > 0)
    finished_(ids.first(what.taken), std::nullopt);
  if (what.taken < ids.size())
    finished_(ids.subspan(what.taken), what.rest);
}

void engine_lanes::refuse(const delivery_id& id,
                          control::reject_reason reason) {
  finished_(std::span{&id, 1}, reason);
}

void engine_lanes::refuse_waiting(lane& x) {
  x.untaken->remove(x.waiting.size());
  for (const auto& message : x.waiting)
    refuse(message.id, control::reject_reason::engine_gone);
  x.waiting.clear();
}

void engine_lanes::refuse_asked(lane& x) {
  x.open = 0;
  auto all = asked_.take_if([&x](const open_request& y) { return y.to == &x; });
  for (const auto& y : all)
    finish(x, y.what, {0, control::reject_reason::engine_gone});
}

/// Forgets an engine that has left when it owes no answer any more.
void engine_lanes::forget_if_done(lane& x) {
  if (x.to->registered() || !x.waiting.empty() || x.open > 0)
    return;
  if (recent_ == &x)
    recent_ = nullptr;
  std::erase(delivered_to_, &x);
  auto named = by_name_.find(x.to->name());
  if (named != by_name_.end() && named->second == &x)
    by_name_.erase(named);
  auto entry = x.to;
  end_asker(x.asker, *entry);
  lanes_.erase(entry.get());
  engines_->unwatch(entry, self_->id());
}

} // namespace node_proxy::internal
