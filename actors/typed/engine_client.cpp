#include <node_proxy/actors/typed/engine_client.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <node_proxy/actors/caf/answers.hpp>
#include <node_proxy/actors/caf/running.hpp>
#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/engines/answer_form.hpp>
#include <node_proxy/actors/loop/loop_actor.hpp>
#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/actors/loop/os_random.hpp>
#include <node_proxy/actors/node_proxy.hpp>
#include <node_proxy/actors/proxy/node_proxy_service.hpp>
#include <node_proxy/actors/proxy/outcome.hpp>
#include <node_proxy/actors/typed/client_queue.hpp>
#include <node_proxy/actors/typed/pending_replies.hpp>
#include <node_proxy/base/hex.hpp>
#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/crypto/secret.hpp>
#include <node_proxy/protocol/wire/payload_arena.hpp>

namespace node_proxy::internal {

namespace {

using client = caf::event_based_actor;

/// A name under which no other handle gets answers: neither one of this
/// process, nor one of an earlier process of the same node, for which an answer
/// may be on its way.
engine_name new_name() {
  static std::atomic<std::uint64_t> last{0};
  constexpr std::size_t random_octets = 8;
  auto random = os_random_key();
  return "answers-" + std::to_string(++last) + '-'
         + to_hex(bytes_view{random.data(), random_octets});
}

/// How many whole units of time are left, at least one.
template <class Unit>
std::uint64_t time_until(steady_time deadline, steady_time now) {
  auto left = std::chrono::ceil<Unit>(deadline - now);
  return static_cast<std::uint64_t>(std::max(left, Unit{1}).count());
}

std::chrono::milliseconds valid(std::chrono::milliseconds timeout) {
  constexpr std::chrono::seconds max{limits::expiry_seconds};
  return std::clamp<std::chrono::milliseconds>(
    timeout, std::chrono::milliseconds{1}, max);
}

class engine_client {
public:
  explicit engine_client(client* self) : self_{self} {}

  engine_client(const engine_client&) = delete;
  engine_client& operator=(const engine_client&) = delete;

  ~engine_client();

  void start(engine_client_config config);

  bool handle_message(const message_content& content);
  void handle(const engine_msg_batch& answers);
  void handle_flush();
  void handle_tick();

private:
  // What became of a batch is for these.
  struct sent {
    std::vector<std::optional<mailbox_id>> mailboxes;
    std::size_t size = 0;
  };

  shared_bytes take_payload();
  void refuse(const caf::error& why);
  void flush_soon();
  void register_name();

  bool may_send() const {
    return !queue_.empty() && (registered_ || !answers_) && !looks_for_proxy_;
  }

  void send(std::vector<client_queue::message> batch);
  void hand_over(node_out_batch batch, std::shared_ptr<const sent> what);
  void find_proxy();
  void handle_outcome(const sent& what, const batch_outcome& outcome);
  void handle_failure(const sent& what, const caf::error& why);
  void handle_answer(const engine_msg& answer);
  void fail(const std::optional<mailbox_id>& mailbox, const caf::error& why);
  void fail_all(const caf::error& why);
  void follow_up();

  client* self_;
  engine_client_config config_;
  std::chrono::milliseconds timeout_{0};
  std::optional<timer> timer_;
  client_queue queue_;
  bytes buffer_;
  payload_arena payloads_{2 * client_queue::max_bytes};
  pending_replies open_;
  bool flush_queued_ = false;
  // The last look at the clock, which is good enough until the next flush.
  steady_time now_{};
  // Who gets answers, under which name; there is neither before the first
  // request. It hands on to us without keeping us alive.
  engine_name name_;
  caf::actor answers_;
  bool registered_ = false;
  // Where messages go, if that is known: the Router has less to do then, and
  // they are there sooner. It may retire all the same, and hands on to the
  // Router what comes later.
  caf::actor_addr proxy_;
  // Nothing is sent meanwhile: it would come to the Router after its answer,
  // and be overtaken by what goes straight to the Node Proxy then.
  bool looks_for_proxy_ = false;
  // It is in another process, to which the Router is no detour.
  bool proxy_is_far_ = false;
  // Ourselves, while something is under way that nobody else keeps us for.
  caf::actor kept_;
};

engine_client::~engine_client() {
  fail_all(make_error(errc::shutting_down));
  if (!answers_)
    return;
  end_companion(companion_of(answers_));
  // An engine that has just ended would be remembered.
  send_anonymously(config_.router, unregister_engine{name_});
}

void engine_client::start(engine_client_config config) {
  config_ = std::move(config);
  config_.whom.node = config_.whom.node.value_or(config_.self);
  timeout_ = valid(config_.options.timeout);
  timer_.emplace(config_.loop, caf::actor_cast<tick_receiver>(self_));
  ignore_errors(self_);
  set_content_handler(self_, [this](const message_content& content) {
    return handle_message(content);
  });
  // CAF ends an actor that is killed without asking.
  set_exit_handler(self_, [](const caf::exit_msg&) {
    // nop
  });
  set_down_handler(self_, [this](const caf::down_msg& msg) {
    // Anybody can send one.
    if (msg.source == config_.router.address())
      self_->quit(make_error(errc::shutting_down));
  });
  monitor_end(self_, config_.router);
}

// -- what is asked ------------------------------------------------------------

/// @returns whether the interface has such a message.
bool engine_client::handle_message(const message_content& content) {
  auto handler = config_.types->find(content);
  if (!handler)
    return false;
  buffer_.clear();
  auto encoded = config_.types->append_request(buffer_, *handler, content);
  if (!encoded) {
    refuse(
      make_error(errc::malformed, std::string{to_string(encoded.error())}));
    return true;
  }
  flush_soon();
  auto deadline = now_ + timeout_;
  client_queue::message msg{std::nullopt, take_payload(), deadline};
  if (is_request(self_)) {
    register_name();
    msg.mailbox = open_.add(self_->make_response_promise(), *handler, deadline);
  }
  queue_.push(std::move(msg));
  return true;
}

/// What has just been encoded. Most is small, and shares memory with others.
shared_bytes engine_client::take_payload() {
  if (buffer_.size() < payload_arena::large_payload)
    return payloads_.copy(buffer_);
  return std::exchange(buffer_, {});
}

/// The message at hand is not sent.
void engine_client::refuse(const caf::error& why) {
  if (is_request(self_))
    self_->make_response_promise().deliver(why);
  else
    fail(std::nullopt, why);
}

/// Sends what has been asked as soon as all that is in the mailbox has joined
/// it.
void engine_client::flush_soon() {
  if (std::exchange(flush_queued_, true))
    return;
  now_ = now_of(self_).steady;
  send_message(self_, caf::actor_cast<caf::actor>(self_), flush_queued{});
}

void engine_client::handle_flush() {
  flush_queued_ = false;
  follow_up();
}

/// Before the first request is sent: its answer is to find us.
void engine_client::register_name() {
  if (answers_)
    return; // it is done, or under way
  name_ = new_name();
  answers_ = spawn_forwarder(self_->system(), self_->address());
  send_request(self_, config_.router, caf::infinite,
               register_engine{name_, answers_, true})
    .then(
      [this](const engine_registered&) {
        registered_ = true;
        follow_up();
      },
      [this](const caf::error& why) {
        fail_all(why);
        self_->quit(why);
      });
}

void engine_client::send(std::vector<client_queue::message> batch) {
  node_out_batch out;
  sent what;
  out.msgs.reserve(batch.size());
  out.time_limits_ms.reserve(batch.size());
  what.mailboxes.reserve(batch.size());
  for (auto& x : batch) {
    what.mailboxes.push_back(x.mailbox);
    what.size += x.size();
    out.time_limits_ms.push_back(
      time_until<std::chrono::milliseconds>(x.deadline, now_));
    // Nobody sends anything to whoever wants no answer.
    engine_id sender{config_.self, x.mailbox ? name_ : engine_name{}};
    out.msgs.push_back(
      {{},
       rel_time{time_until<std::chrono::seconds>(x.deadline, now_)},
       {std::move(sender), config_.whom, x.mailbox, std::move(x.payload)}});
  }
  hand_over(std::move(out), std::make_shared<const sent>(std::move(what)));
}

void engine_client::hand_over(node_out_batch batch,
                              std::shared_ptr<const sent> what) {
  auto hand_to = [&](const auto& whom) {
    send_request(self_, whom, caf::infinite, std::move(batch))
      .then(
        [this, what](const batch_outcome& outcome) {
          handle_outcome(*what, outcome);
        },
        [this, what](const caf::error& why) { handle_failure(*what, why); });
  };
  if (auto proxy = living(proxy_)) {
    hand_to(caf::actor_cast<node_proxy_actor>(proxy));
    return;
  }
  hand_to(config_.router);
  if (config_.whom.node != config_.self && !proxy_is_far_)
    find_proxy();
}

/// Has the Router say who serves the peer. It answers after it has handed on
/// what it got before.
void engine_client::find_proxy() {
  looks_for_proxy_ = true;
  send_request(self_, config_.router, caf::infinite,
               lookup_node_proxy{*config_.whom.node})
    .then(
      [this](const node_proxy_found& found) {
        proxy_is_far_ = is_remote(caf::actor_cast<caf::actor>(found.proxy));
        if (!proxy_is_far_)
          proxy_ = found.proxy.address();
        looks_for_proxy_ = false;
        follow_up();
      },
      [this](const caf::error&) {
        looks_for_proxy_ = false;
        follow_up();
      });
}

// -- what becomes of it -------------------------------------------------------

void engine_client::handle_outcome(const sent& what,
                                   const batch_outcome& outcome) {
  std::vector<bool> failed(what.mailboxes.size());
  for (const auto& x : outcome.failures) {
    if (x.index >= failed.size())
      continue;
    failed[x.index] = true;
    fail(what.mailboxes[x.index], to_error({x.error, x.cause}));
  }
  for (std::size_t i = 0; i < failed.size(); ++i)
    if (!failed[i] && what.mailboxes[i])
      if (auto request = open_.handle_taken(*what.mailboxes[i]))
        request->waiting.deliver(caf::make_error(caf::sec::request_timeout));
  queue_.handle_end(what.size);
  follow_up();
}

/// None of them was sent.
void engine_client::handle_failure(const sent& what, const caf::error& why) {
  auto error = code_of(why) ? why : make_error(errc::shutting_down);
  proxy_ = {};
  for (const auto& x : what.mailboxes)
    fail(x, error);
  queue_.handle_end(what.size);
  follow_up();
}

void engine_client::handle(const engine_msg_batch& answers) {
  for (const auto& x : answers.msgs)
    handle_answer(x);
  follow_up();
}

void engine_client::handle_answer(const engine_msg& answer) {
  auto request = answer.sender == config_.whom && answer.mailbox
                   ? open_.take(*answer.mailbox)
                   : std::nullopt;
  if (!request) {
    config_.unanswered->add_late_answer();
    return;
  }
  auto result = decode_answer(*config_.types, request->handler, answer.msg);
  if (result)
    request->waiting.deliver(std::move(*result));
  else
    request->waiting.deliver(std::move(result.error()));
}

void engine_client::fail(const std::optional<mailbox_id>& mailbox,
                         const caf::error& why) {
  if (!mailbox)
    config_.unanswered->add(code_of(why).value_or(errc::engine_failed));
  else if (auto request = open_.take(*mailbox))
    request->waiting.deliver(why);
}

void engine_client::fail_all(const caf::error& why) {
  for (const auto& x : queue_.take_all())
    fail(x.mailbox, why);
  while (auto request = open_.take_any())
    request->waiting.deliver(why);
}

void engine_client::handle_tick() {
  timer_->handle_tick();
  follow_up();
}

/// Sends what may be sent, ends what has taken too long, and looks when to do
/// so next.
void engine_client::follow_up() {
  now_ = now_of(self_).steady;
  while (auto expired = queue_.poll_expired(now_))
    fail(expired->mailbox, make_error(errc::expired));
  while (auto request = open_.poll_expired(now_))
    request->waiting.deliver(caf::make_error(caf::sec::request_timeout));
  while (auto request = open_.poll_unknown(now_))
    request->waiting.deliver(to_error(
      {send_error::unconfirmed, send_failure::unconfirmed_cause::expired}));
  while (may_send()) {
    auto batch = queue_.poll_batch();
    if (batch.empty())
      break;
    send(std::move(batch));
  }
  auto at = open_.next_deadline();
  if (!queue_.empty())
    at = earliest({at, queue_.front().deadline});
  if (at)
    timer_->wait_until(*at);
  auto idle = queue_.idle() && open_.empty();
  if (idle)
    payloads_.trim();
  kept_ = idle ? caf::actor{} : caf::actor_cast<caf::actor>(self_);
}

} // namespace

caf::actor spawn_engine_client(caf::actor_system& system,
                               engine_client_config config) {
  // Of a node that has been shut down the handle is that of an actor that has
  // ended, too.
  if (!config.router)
    return system.spawn<caf::hidden>([](caf::event_based_actor*) {
      // Without a behavior it ends at once.
    });
  return spawn_open_in_loop<engine_client>(
    system, *config.loop, [config](auto* self) -> caf::behavior {
      auto& state = state_of(self);
      state.start(config);
      return {
        [&state](const engine_msg_batch& answers) { state.handle(answers); },
        [&state](flush_queued) { state.handle_flush(); },
        [&state](tick) { state.handle_tick(); },
      };
    });
}

} // namespace node_proxy::internal
