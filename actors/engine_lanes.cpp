#include <node_proxy/actors/engine_lanes.hpp>

#include <utility>

namespace node_proxy {

namespace {

/// Requests under way to an engine that takes single messages. The cost of a
/// request grows with their number.
constexpr std::size_t single_requests = 64;

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

void engine_lanes::deliver(deliver_message message) {
  auto name = message.msg.target.name;
  auto entry = engines_->find(name);
  if (entry == engines_->end()) {
    finished_(message.id, control::reject_reason::unknown_engine);
    return;
  }
  auto [position, is_new] = lanes_.try_emplace(name);
  if (is_new)
    position->second.to = entry->second;
  position->second.waiting.push_back(std::move(message));
  pass_on(position->second, name);
}

void engine_lanes::set_engines(
  std::shared_ptr<const engine_directory> engines) {
  engines_ = std::move(engines);
  std::vector<lane> gone;
  for (auto i = lanes_.begin(); i != lanes_.end();) {
    auto entry = engines_->find(i->first);
    if (entry == engines_->end()
        || entry->second.engine != i->second.to.engine) {
      gone.push_back(std::move(i->second));
      i = lanes_.erase(i);
    } else {
      ++i;
    }
  }
  for (const auto& x : gone)
    refuse_all(x);
}

void engine_lanes::pass_on(lane& x, const engine_name& name) {
  auto most = x.to.batches ? batch_requests : single_requests;
  while (!x.waiting.empty() && x.asked.size() < most) {
    if (x.to.batches)
      ask_batch(x, name);
    else
      ask_one(x, name);
  }
}

void engine_lanes::ask_one(lane& x, const engine_name& name) {
  auto [id, msg] = std::move(x.waiting.front());
  x.waiting.pop_front();
  ask(x, name, std::move(msg), {id});
}

void engine_lanes::ask_batch(lane& x, const engine_name& name) {
  engine_msg_batch batch;
  std::vector<delivery_id> ids;
  for (std::size_t size = 0;
       !x.waiting.empty() && batch.msgs.size() < batch_messages
       && size < batch_bytes;
       x.waiting.pop_front()) {
    auto& [id, msg] = x.waiting.front();
    size += msg.msg.size();
    ids.push_back(id);
    batch.msgs.push_back(std::move(msg));
  }
  ask(x, name, std::move(batch), std::move(ids));
}

template <class Msg>
void engine_lanes::ask(lane& x, const engine_name& name, Msg msg,
                       std::vector<delivery_id> ids) {
  auto number = ++last_request_;
  x.asked.emplace(number, std::move(ids));
  self_->request(x.to.engine, caf::infinite, std::move(msg))
    .then([this, name, number] { handle_answer(name, number, std::nullopt); },
          [this, name, number](const caf::error& error) {
            handle_answer(name, number, reason_of(error));
          });
}

void engine_lanes::handle_answer(const engine_name& name,
                                 request_number request,
                                 std::optional<control::reject_reason> reason) {
  auto position = lanes_.find(name);
  if (position == lanes_.end())
    return;
  // Nothing is found for an engine that had this name before.
  auto asked = position->second.asked.extract(request);
  if (asked.empty())
    return;
  for (const auto& id : asked.mapped())
    finished_(id, reason);
  auto& x = position->second;
  pass_on(x, name);
  if (x.asked.empty())
    lanes_.erase(position);
}

void engine_lanes::refuse_all(const lane& x) {
  for (const auto& [request, ids] : x.asked)
    for (const auto& id : ids)
      finished_(id, control::reject_reason::engine_gone);
  for (const auto& message : x.waiting)
    finished_(message.id, control::reject_reason::engine_gone);
}

} // namespace node_proxy
