#include <node_proxy/actors/engine_lanes.hpp>

#include <algorithm>
#include <utility>

namespace node_proxy {

namespace {

/// Requests under way to an engine that takes single messages.
constexpr std::size_t single_requests = 256;

/// The same for an engine that takes batches: one is being worked on while the
/// next one gathers.
constexpr std::size_t batch_requests = 2;

/// Where a batch ends.
constexpr std::size_t batch_messages = 1'024;
constexpr std::size_t batch_bytes = 256 * 1'024;

} // namespace

engine_lanes::~engine_lanes() {
  for (const auto& [name, x] : lanes_)
    engines_->handle_unwatch(x.to, self_->address());
}

void engine_lanes::deliver(deliver_message&& message) {
  auto to = find_lane(message.msg.target.name);
  if (!to)
    return refuse(message.id, to.error());
  (*to)->waiting.push_back(std::move(message));
  pass_on(**to);
}

expected<engine_lanes::lane*, control::reject_reason>
engine_lanes::find_lane(const engine_name& name) {
  if (recent_ && recent_->first == name && !recent_->second.to->gone())
    return &recent_->second;
  auto position = lanes_.find(name);
  // Its end has not been told so far.
  if (position != lanes_.end() && position->second.to->gone()) {
    end_lane(position);
    position = lanes_.end();
  }
  if (position == lanes_.end()) {
    auto engine = engines_->find(name);
    if (!engine)
      return unexpected{engine.error()};
    engines_->handle_watch(*engine, self_->address());
    position = lanes_.try_emplace(name).first;
    position->second.name = name;
    position->second.to = std::move(*engine);
  }
  recent_ = &*position;
  return &position->second;
}

void engine_lanes::handle_answers() {
  for (const auto& answer : requests_.take_answers())
    handle_answer(answer);
}

void engine_lanes::handle(const engine_ended& msg) {
  auto position = lanes_.find(msg.name);
  if (position != lanes_.end() && position->second.to->gone())
    end_lane(position);
}

/// Nothing that waits for this engine is taken any more.
void engine_lanes::end_lane(named_lanes::iterator position) {
  // It stays the owner of its requests until they are refused.
  auto ended = lanes_.extract(position);
  recent_ = nullptr;
  auto& x = ended.mapped();
  for (const auto& request :
       asked_.take_if([&x](const auto& y) { return y.of == &x; }))
    finish(request, control::reject_reason::engine_gone);
  for (const auto& message : x.waiting)
    refuse(message.id, control::reject_reason::engine_gone);
}

void engine_lanes::refuse(const delivery_id& id,
                          control::reject_reason reason) {
  finished_(std::span{&id, 1}, reason);
}

void engine_lanes::pass_on(lane& x) {
  auto most = x.to->batches() ? batch_requests : single_requests;
  while (!x.waiting.empty() && x.asked < most) {
    ++x.asked;
    if (x.to->batches())
      ask_batch(x);
    else
      ask_one(x);
  }
}

void engine_lanes::ask_one(lane& x) {
  auto [id, msg] = x.waiting.take_front();
  asked_.add(requests_.ask(x.to->handle(), std::move(msg)), {&x, id});
}

void engine_lanes::ask_batch(lane& x) {
  engine_msg_batch batch;
  std::vector<delivery_id> ids;
  auto most = std::min(x.waiting.size(), batch_messages);
  batch.msgs.reserve(most);
  ids.reserve(most);
  for (std::size_t size = 0; ids.size() < most && size < batch_bytes;) {
    auto [id, msg] = x.waiting.take_front();
    size += msg.msg.size();
    ids.push_back(id);
    batch.msgs.push_back(std::move(msg));
  }
  auto handled = batch.progress = batch_progress::begin();
  asked_.add(requests_.ask(x.to->handle(), std::move(batch)),
             {&x, batch_request{std::move(ids), std::move(handled)}});
}

void engine_lanes::handle_answer(const engine_requests::answer& answer) {
  auto x = asked_.take(answer.number);
  if (!x)
    return;
  --x->of->asked;
  finish(*x, answer.error ? reason_of(*answer.error, *x->of) : std::nullopt);
  pass_on(*x->of);
}

/// What an engine's answer other than success says about the message.
std::optional<control::reject_reason>
engine_lanes::reason_of(const caf::error& error, const lane& x) const {
  if (error == caf::sec::unexpected_message) {
    log_.warn("the engine '{}' has no handler for {}: what is sent to it is "
              "answered with unknown_engine",
              x.name, x.to->batches() ? "engine_msg_batch" : "engine_msg");
    return control::reject_reason::unknown_engine;
  }
  // It ended before the message's turn, or in the middle of it.
  if (error == caf::sec::request_receiver_down
      || error == caf::sec::runtime_error || is_exit_reason(error))
    return control::reject_reason::engine_gone;
  // The engine took the message and has an opinion of its own about it.
  return std::nullopt;
}

/// Nothing more will be told about this request. Of a batch that the engine did
/// not come to the end of, it may have said how far it came.
void engine_lanes::finish(const request& x,
                          std::optional<control::reject_reason> reason) {
  if (auto one = std::get_if<delivery_id>(&x.what))
    return finished_(std::span{one, 1}, reason);
  const auto& [ids, handled] = std::get<batch_request>(x.what);
  auto taken =
    reason ? std::min<std::size_t>(handled.count(), ids.size()) : ids.size();
  std::span all{ids};
  if (taken > 0)
    finished_(all.first(taken), std::nullopt);
  if (taken < all.size())
    finished_(all.subspan(taken), reason);
}

} // namespace node_proxy
