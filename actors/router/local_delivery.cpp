#include <node_proxy/actors/router/local_delivery.hpp>

#include <optional>
#include <unordered_map>
#include <utility>

#include <node_proxy/actors/loop/loop_actor.hpp>
#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/actors/proxy/pending_sends.hpp>
#include <node_proxy/base/deadline_queue.hpp>
#include <node_proxy/protocol/delivery/outbox.hpp>
#include <node_proxy/protocol/delivery/rejection.hpp>
#include <node_proxy/protocol/delivery/send_check.hpp>

namespace node_proxy::internal {

namespace {

/// So many deadlines of messages that have come to their end are not worth
/// looking for.
constexpr std::size_t min_clean_up = 1'024;

class local_delivery_state {
public:
  explicit local_delivery_state(local_delivery_actor::pointer self)
    : self_{self} {}

  local_delivery_state(const local_delivery_state&) = delete;
  local_delivery_state& operator=(const local_delivery_state&) = delete;

  void start(const local_delivery_config& config);

  caf::result<delivered> handle(const routed_msg& msg);
  caf::result<batch_outcome> handle(const routed_batch& msg);
  void handle(const stop_local_delivery& msg);
  void handle(const engine_left& msg);
  void handle_answers();
  void handle_tick();

private:
  void send(send_token token, const node_out_msg& msg, timestamp now,
            time_limit limit = {});
  std::optional<send_error> take(send_token token, const node_out_msg& msg,
                                 timestamp now, time_limit limit);
  void watch(send_token token, const deadline& expires);
  void finish(send_token token, const std::optional<send_failure>& failure);
  void expire(send_token token);
  void end_if_done();
  void arm();

  local_delivery_actor::pointer self_;
  local_delivery_config config_;
  std::optional<pending_sends> pending_;
  std::optional<engine_lanes> lanes_;
  std::optional<timer> timer_;
  message_codec codec_;
  // What engines have not come to an end with, and how much of the bounds of an
  // outbox it takes: until then it is in memory, whoever still waits for it.
  struct held {
    engine_name target;
    std::size_t size = 0;
    bool answered = false;
  };

  std::unordered_map<send_token, held> held_;
  std::size_t held_bytes_ = 0;
  std::unordered_map<engine_name, std::size_t> held_for_; // bytes, by engine
  std::size_t unanswered_ = 0;                            // of held_
  deadline_queue<steady_time> steady_deadlines_;
  deadline_queue<std::chrono::seconds> wall_deadlines_;
  std::optional<steady_time> stops_at_;
};

void local_delivery_state::start(const local_delivery_config& config) {
  config_ = config;
  pending_.emplace(config.unanswered);
  lanes_.emplace(
    self_, config.engines, config.log, [this](auto ids, auto reason) {
      for (const auto& id : ids)
        finish(std::get<reliable_id>(id).first,
               reason ? std::optional{send_failure{to_send_error(*reason)}}
                      : std::nullopt);
    });
  timer_.emplace(config.loop, caf::actor_cast<tick_receiver>(self_));
}

caf::result<delivered> local_delivery_state::handle(const routed_msg& msg) {
  send(pending_->add(make_promise<delivered>(self_)), msg.msg, now_of(self_));
  lanes_->pass_on_delivered();
  arm();
  return caf::delegated<delivered>{};
}

caf::result<batch_outcome>
local_delivery_state::handle(const routed_batch& msg) {
  const auto& msgs = msg.batch.msgs;
  auto token =
    pending_->add_batch(make_promise<batch_outcome>(self_), msgs.size());
  auto now = now_of(self_);
  std::size_t index = 0;
  for (const auto& x : msgs)
    send(token++, x, now, msg.batch.time_limit(index++));
  lanes_->pass_on_delivered();
  arm();
  return caf::delegated<batch_outcome>{};
}

void local_delivery_state::send(send_token token, const node_out_msg& msg,
                                timestamp now, time_limit limit) {
  if (auto error = take(token, msg, now, limit))
    pending_->handle_outcome({token, send_failure{*error}});
}

/// @returns why a message is not sent.
std::optional<send_error> local_delivery_state::take(send_token token,
                                                     const node_out_msg& msg,
                                                     timestamp now,
                                                     time_limit limit) {
  if (stops_at_)
    return send_error::shutting_down;
  // To itself a node is what a peer is that has its settings.
  outbox_shares shares{config_.settings.outbox_bytes};
  auto data = codec_.encode(msg.msg);
  auto expires =
    check_send(msg, data,
               {config_.self, config_.self, config_.settings.max_message,
                shares.max_size(), outbox::memory_overhead},
               now, limit);
  if (!expires)
    return expires.error();
  auto size = data->size() + outbox::memory_overhead;
  const auto& target = msg.msg.target.name;
  auto known = held_for_.find(target);
  auto own = known == held_for_.end() ? 0 : known->second;
  if (!shares.has_room(held_bytes_, own, size))
    return send_error::outbox_full;
  held_.emplace(token, held{target, size});
  held_bytes_ += size;
  held_for_[target] += size;
  ++unanswered_;
  watch(token, *expires);
  engine_msg copy{{config_.self, msg.msg.sender.name},
                  {config_.self, msg.msg.target.name},
                  msg.msg.mailbox,
                  msg.msg.msg};
  lanes_->deliver({reliable_id{0, 0, token}, std::move(copy)});
  return std::nullopt;
}

/// Of what has come to its end no more is remembered than of what has not.
void local_delivery_state::watch(send_token token, const deadline& expires) {
  if (auto at = std::get_if<steady_time>(&expires))
    steady_deadlines_.add(*at, token);
  else
    wall_deadlines_.add(std::get<std::chrono::seconds>(expires), token);
  auto has_open = [this](send_token begin, send_token end) {
    while (begin != end && !held_.contains(begin))
      ++begin;
    return begin != end;
  };
  if (steady_deadlines_.size() > 2 * held_.size() + min_clean_up)
    steady_deadlines_.forget_unless(has_open);
  if (wall_deadlines_.size() > 2 * held_.size() + min_clean_up)
    wall_deadlines_.forget_unless(has_open);
}

/// Nothing more will become of a message. Who has an answer keeps it.
void local_delivery_state::finish(send_token token,
                                  const std::optional<send_failure>& failure) {
  auto known = held_.extract(token);
  if (known.empty())
    return;
  const auto& [target, size, answered] = known.mapped();
  held_bytes_ -= size;
  auto of_engine = held_for_.find(target);
  if ((of_engine->second -= size) == 0)
    held_for_.erase(of_engine);
  if (answered)
    return;
  --unanswered_;
  pending_->handle_outcome({token, failure});
}

/// An engine that has got a message may still take it: as with other nodes
/// nobody knows.
void local_delivery_state::expire(send_token token) {
  auto known = held_.find(token);
  if (known == held_.end())
    return;
  known->second.answered = true;
  --unanswered_;
  pending_->handle_outcome(
    {token, send_failure{send_error::unconfirmed,
                         send_failure::unconfirmed_cause::expired}});
}

void local_delivery_state::handle_answers() {
  lanes_->handle_answers();
  end_if_done();
}

void local_delivery_state::handle(const engine_left& msg) {
  lanes_->handle(msg);
  end_if_done();
}

void local_delivery_state::handle_tick() {
  timer_->handle_tick();
  auto now = now_of(self_);
  while (auto token = steady_deadlines_.poll_due(now.steady))
    expire(*token);
  while (auto token = wall_deadlines_.poll_due(now.wall))
    expire(*token);
  end_if_done();
  arm();
}

void local_delivery_state::handle(const stop_local_delivery& msg) {
  stops_at_ = now_of(self_).steady + msg.grace;
  end_if_done();
  arm();
}

/// Who still waits is answered by the table of promises.
void local_delivery_state::end_if_done() {
  if (stops_at_ && (unanswered_ == 0 || now_of(self_).steady >= *stops_at_))
    self_->quit();
}

void local_delivery_state::arm() {
  auto at = earliest({steady_deadlines_.next(), stops_at_});
  if (auto wall = wall_deadlines_.next())
    at = earliest({at, steady_deadline(*wall, now_of(self_))});
  if (at)
    timer_->wait_until(*at);
}

local_delivery_actor::behavior_type local_delivery_behavior(
  local_delivery_actor::stateful_pointer<local_delivery_state> self,
  const local_delivery_config& config) {
  auto& state = state_of(self);
  state.start(config);
  return {
    [&state](const routed_msg& msg) { return state.handle(msg); },
    [&state](const routed_batch& msg) { return state.handle(msg); },
    [&state](const stop_local_delivery& msg) { state.handle(msg); },
    [&state](engines_answered) { state.handle_answers(); },
    [&state](const engine_left& msg) { state.handle(msg); },
    [&state](tick) { state.handle_tick(); },
  };
}

} // namespace

local_delivery_actor spawn_local_delivery(caf::actor_system& system,
                                          const local_delivery_config& config) {
  return spawn_in_loop<local_delivery_actor, local_delivery_state>(
    system, *config.loop,
    [config](auto* self) { return local_delivery_behavior(self, config); });
}

} // namespace node_proxy::internal
