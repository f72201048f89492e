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

/// What an engine's answer other than success says about the message.
std::optional<control::reject_reason> reason_of(const caf::error& error) {
  if (error == caf::sec::request_receiver_down)
    return control::reject_reason::engine_gone;
  if (error == caf::sec::unexpected_message)
    return control::reject_reason::malformed;
  // The engine took the message and has an opinion of its own about it.
  return std::nullopt;
}

} // namespace

void engine_lanes::deliver(deliver_message&& message) {
  auto to = find_lane(message.msg.target.name);
  if (!to) {
    finished_(std::span{&message.id, 1},
              control::reject_reason::unknown_engine);
    return;
  }
  to->waiting.push_back(std::move(message));
  pass_on(*to);
}

engine_lanes::lane* engine_lanes::find_lane(const engine_name& name) {
  if (recent_ && recent_->first == name)
    return &recent_->second;
  auto position = lanes_.find(name);
  if (position == lanes_.end()) {
    auto entry = engines_->find(name);
    if (entry == engines_->end())
      return nullptr;
    position = lanes_.try_emplace(name).first;
    position->second.to = entry->second;
  }
  recent_ = &*position;
  return &position->second;
}

void engine_lanes::handle_answers() {
  for (const auto& answer : requests_.take_answers())
    handle_answer(answer);
}

void engine_lanes::set_engines(
  std::shared_ptr<const engine_directory> engines) {
  engines_ = std::move(engines);
  recent_ = nullptr;
  for (auto i = lanes_.begin(); i != lanes_.end();) {
    auto entry = engines_->find(i->first);
    if (entry == engines_->end()
        || entry->second.engine != i->second.to.engine) {
      refuse_all(i->second);
      i = lanes_.erase(i);
    } else {
      ++i;
    }
  }
}

void engine_lanes::pass_on(lane& x) {
  auto most = x.to.batches ? batch_requests : single_requests;
  while (!x.waiting.empty() && x.asked < most) {
    ++x.asked;
    if (x.to.batches)
      ask_batch(x);
    else
      ask_one(x);
  }
}

void engine_lanes::ask_one(lane& x) {
  auto [id, msg] = x.waiting.take_front();
  asked_.add(requests_.ask(x.to.engine, std::move(msg)), {&x, id});
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
  asked_.add(requests_.ask(x.to.engine, std::move(batch)),
             {&x, std::move(ids)});
}

void engine_lanes::handle_answer(const engine_requests::answer& answer) {
  auto x = asked_.take(answer.number);
  if (!x)
    return;
  --x->of->asked;
  finish(*x, answer.error ? reason_of(*answer.error) : std::nullopt);
  pass_on(*x->of);
}

/// Nothing more will be told about this request.
void engine_lanes::finish(const request& x,
                          std::optional<control::reject_reason> reason) {
  if (auto many = std::get_if<std::vector<delivery_id>>(&x.ids))
    finished_(*many, reason);
  else
    finished_(std::span{&std::get<delivery_id>(x.ids), 1}, reason);
}

void engine_lanes::refuse_all(lane& x) {
  for (const auto& request :
       asked_.take_if([&x](const auto& y) { return y.of == &x; }))
    finish(request, control::reject_reason::engine_gone);
  for (const auto& message : x.waiting)
    finished_(std::span{&message.id, 1}, control::reject_reason::engine_gone);
  x.waiting.clear();
}

} // namespace node_proxy
