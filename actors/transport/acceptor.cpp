#include <node_proxy/actors/transport/acceptor.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <sched.h>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/actors/loop/os_random.hpp>
#include <node_proxy/protocol/crypto/random_source.hpp>
#include <node_proxy/protocol/session/handshake.hpp>

namespace node_proxy::internal {

namespace {

// For one handshake the event loop has a fourth of the work of an acceptor, so
// that more of them would have to wait for it.
constexpr std::size_t acceptor_count = 4;

using acceptor_actor =
  inbound_handler::extend_with<connection_owner>::extend_with<tick_receiver>;

/// Tells the operating system that this thread computes, so that it need not
/// run at the very moment when it is woken.
void compute_in_background() noexcept {
  const sched_param no_priority{};
  // Somebody may have chosen another policy. It works without, only slower.
  if (::sched_getscheduler(0) == SCHED_OTHER)
    static_cast<void>(::sched_setscheduler(0, SCHED_BATCH, &no_priority));
}

/// The handshakes of one acceptor.
class acceptor_state {
public:
  explicit acceptor_state(acceptor_actor::pointer self)
    : self_(self), random_(os_random_key()) {
    // nop
  }

  void start(const node_config& config, admission_actor router,
             std::shared_ptr<event_loop> loop) {
    compute_in_background();
    identity_ = config.self;
    settings_ = config.settings;
    router_ = std::move(router);
    timer_.emplace(std::move(loop), caf::actor_cast<tick_receiver>(self_));
  }

  void handle(const inbound& msg) {
    auto id = msg.connection->id();
    msg.connection->set_owner(caf::actor_cast<connection_owner>(self_));
    pending_.emplace(id,
                     pending{msg.connection, {*identity_, random_.next_key()}});
    deadlines_.emplace_back(now_of(self_).steady + settings_.handshake_timeout,
                            id);
    arm_tick();
    read_frame(id);
  }

  void handle(inbound_refused) { report("too_many_unproven"); }

  void handle(const connection_ready& msg) {
    auto position = pending_.find(msg.connection);
    if (position == pending_.end())
      return;
    auto& x = position->second;
    x.connection->write_rest();
    // What comes while the Router is asked waits.
    if (!x.asking)
      read_frame(msg.connection);
  }

  void handle_tick() {
    timer_->handle_tick();
    auto now = now_of(self_).steady;
    while (!deadlines_.empty() && deadlines_.front().first <= now) {
      drop(deadlines_.front().second, "handshake_timeout");
      deadlines_.pop_front();
    }
    arm_tick();
  }

private:
  struct pending {
    connection_ptr connection;
    responder_handshake handshake;
    // The Router looks up who that is.
    bool asking = false;
    bool answered = false;
    // What the Router told.
    std::optional<request_ended> request = {};
  };

  void read_frame(connection_id id) {
    auto& x = pending_.at(id);
    bytes frame;
    auto got = x.connection->read([&frame](bytes_view body) {
      frame.assign(body.begin(), body.end());
      return false;
    });
    if (got.end)
      drop(id, to_string(*got.end));
    else if (got.bodies > 0 && x.answered)
      handle_first_frame(id, frame);
    else if (got.bodies > 0)
      handle_init(id, frame);
  }

  void handle_init(connection_id id, bytes_view body) {
    auto& x = pending_.at(id);
    auto request = x.handshake.handle_init(body);
    if (!request) {
      drop(id, to_string(request.error()));
      return;
    }
    x.asking = true;
    auto from = request->src_node_id;
    send_request(self_, router_, caf::infinite, admission_request{*request})
      .then([this, id,
             from](const admission& msg) { handle_admission(id, from, msg); },
            [this, id](const caf::error&) { drop(id, "shutting_down"); });
  }

  void handle_admission(connection_id id, const node_id& from,
                        const admission& msg) {
    request_ended request{from, msg.epoch};
    auto position = pending_.find(id);
    if (position == pending_.end()) {
      send_message(self_, router_, request);
      return;
    }
    auto& x = position->second;
    x.request = request;
    auto reply = x.handshake.handle_facts(msg.facts, msg.epoch, settings_,
                                          now_of(self_).steady);
    if (!reply) {
      drop(id, to_string(reply.error()));
      return;
    }
    x.asking = false;
    x.answered = true;
    x.connection->write(*reply);
    if (auto refused = x.handshake.refusal())
      drop(id, to_string(*refused));
    else
      read_frame(id);
  }

  void handle_first_frame(connection_id id, bytes_view body) {
    auto& x = pending_.at(id);
    auto proven = x.handshake.handle_first_frame(body);
    if (!proven) {
      drop(id, to_string(proven.error()));
      return;
    }
    auto shared = std::make_shared<proven_session>(std::move(*proven));
    send_message(self_, router_,
                 proven_connection{std::move(shared), x.connection});
    pending_.erase(id);
  }

  /// Ends a connection without a word.
  void drop(connection_id id, std::string_view reason) {
    auto found = pending_.extract(id);
    if (found.empty())
      return;
    report(reason);
    if (const auto& request = found.mapped().request)
      send_message(self_, router_, *request);
    found.mapped().connection->close();
  }

  void report(std::string_view reason) {
    send_message(self_, router_, handshake_failed{reason});
  }

  void arm_tick() {
    // Those whose handshake is over are nothing to wake up for.
    while (!deadlines_.empty() && !pending_.contains(deadlines_.front().second))
      deadlines_.pop_front();
    if (!deadlines_.empty())
      timer_->wait_until(deadlines_.front().first);
  }

  acceptor_actor::pointer self_;
  std::shared_ptr<const identity> identity_;
  peer_settings settings_;
  admission_actor router_;
  random_source random_;
  std::unordered_map<connection_id, pending> pending_;
  // In the order in which they come. One whose handshake is over stays as long
  // as others are before it.
  std::deque<std::pair<steady_time, connection_id>> deadlines_;
  std::optional<timer> timer_;
};

acceptor_actor::behavior_type
acceptor_behavior(acceptor_actor::stateful_pointer<acceptor_state> self,
                  const node_config& config, admission_actor router,
                  std::shared_ptr<event_loop> loop) {
  auto& state = state_of(self);
  state.start(config, std::move(router), std::move(loop));
  return {
    [&state](const inbound& msg) { state.handle(msg); },
    [&state](inbound_refused msg) { state.handle(msg); },
    [&state](const connection_ready& msg) { state.handle(msg); },
    [&state](tick) { state.handle_tick(); },
  };
}

} // namespace

std::vector<inbound_handler> spawn_acceptors(caf::actor_system& system,
                                             const node_config& config,
                                             admission_actor router,
                                             std::shared_ptr<event_loop> loop) {
  std::vector<inbound_handler> result;
  for (std::size_t i = 0; i < acceptor_count; ++i)
    result.emplace_back(system.spawn<caf::detached + caf::hidden>(
      acceptor_behavior, config, router, loop));
  return result;
}

} // namespace node_proxy::internal
