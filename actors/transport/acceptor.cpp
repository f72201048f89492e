#include <node_proxy/actors/transport/acceptor.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/loop/loop_actor.hpp>
#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/actors/loop/os_random.hpp>
#include <node_proxy/protocol/crypto/random_source.hpp>
#include <node_proxy/protocol/node/unproven_connections.hpp>
#include <node_proxy/protocol/session/handshake.hpp>
#include <node_proxy/protocol/wire/connection_source.hpp>

namespace node_proxy::internal {

namespace {

// How much each worker has at once, so that it always has something to do and
// yet the next one in turn comes soon.
constexpr std::size_t jobs_of_a_worker = 4;

// When there are no descriptors, one of so many connections makes room, but not
// more of them than the transport accepts at once.
constexpr std::size_t share_of_room = 4;
constexpr std::size_t max_room = 16;

using acceptor_actor =
  inbound_handler::extend_with<connection_owner>::extend_with<tick_receiver>;

/// What the acceptor is made from.
struct acceptor_parts {
  std::shared_ptr<event_loop> loop;
  std::shared_ptr<const identity> self;
  peer_settings settings;
  std::size_t places = 0;
  admission_actor router;
  std::vector<handshake_worker> workers;
};

class acceptor_state {
public:
  explicit acceptor_state(acceptor_actor::pointer self)
    : self_(self), random_(os_random_key()) {
    // nop
  }

  acceptor_state(const acceptor_state&) = delete;
  acceptor_state& operator=(const acceptor_state&) = delete;

  void start(acceptor_parts parts) {
    parts_ = std::move(parts);
    unproven_.emplace(parts_.places, parts_.settings);
    timer_.emplace(parts_.loop, caf::actor_cast<tick_receiver>(self_));
  }

  void handle(const inbound& msg) {
    auto id = msg.connection->id();
    msg.connection->set_owner(caf::actor_cast<connection_owner>(self_),
                              parts_.loop);
    pending_.emplace(id, pending{msg.connection, msg.from, now()});
    unproven_->handle_opened(id, source_of(msg.from), now());
    read_frame(id);
    go_on();
  }

  room_made handle(make_room) {
    auto wanted =
      std::clamp<std::size_t>(unproven_->size() / share_of_room, 1, max_room);
    for (std::size_t i = 0; i < wanted; ++i)
      unproven_->handle_shortage();
    return {go_on()};
  }

  void handle(const connection_ready& msg) {
    auto position = pending_.find(msg.connection);
    if (position == pending_.end())
      return;
    auto& x = position->second;
    x.connection->write_rest();
    // What comes while an answer is made waits.
    if (!x.waits)
      read_frame(msg.connection);
    go_on();
  }

  void handle_tick() {
    timer_->handle_tick();
    unproven_->handle_timeout(now());
    go_on();
  }

private:
  struct pending {
    connection_ptr connection;
    ip_address from;
    steady_time since;
    // There from the first frame on. A worker may be using it.
    std::shared_ptr<responder_handshake> handshake = {};
    bytes first_frame = {};
    admission admitted = {};
    // For an answer to its first frame.
    bool waits = false;
    // What the Router was asked, and has answered.
    std::optional<request_ended> request = {};
  };

  [[nodiscard]] steady_time now() const { return now_of(self_).steady; }

  // -- what peers send --------------------------------------------------------

  void read_frame(connection_id id) {
    auto position = pending_.find(id);
    if (position == pending_.end())
      return;
    bytes frame;
    auto got = position->second.connection->read([&frame](bytes_view body) {
      frame.assign(body.begin(), body.end());
      return false;
    });
    if (got.end)
      drop(id, to_string(*got.end));
    else if (got.bodies > 0 && position->second.handshake)
      handle_proof(id, frame);
    else if (got.bodies > 0)
      handle_init(id, std::move(frame));
  }

  void handle_init(connection_id id, bytes body) {
    auto& x = pending_.at(id);
    x.handshake =
      std::make_shared<responder_handshake>(*parts_.self, random_.next_key());
    x.first_frame = std::move(body);
    x.waits = true;
    unproven_->handle_first_frame(id, now());
  }

  void handle_proof(connection_id id, bytes_view body) {
    auto& x = pending_.at(id);
    auto proven = x.handshake->handle_first_frame(body);
    if (!proven) {
      drop(id, to_string(proven.error()));
      return;
    }
    unproven_->handle_closed(id);
    x.connection->begin_stream();
    proven->from = x.from;
    auto shared = std::make_shared<proven_session>(std::move(*proven));
    send_message(
      self_, parts_.router,
      proven_connection{std::move(shared), x.connection, now() - x.since});
    pending_.erase(id);
  }

  // -- handshakes -------------------------------------------------------------

  /// Does what is to be done now. @returns how many connections were closed.
  std::size_t go_on() {
    std::size_t closed = 0;
    for (; auto x = unproven_->poll_end(); ++closed)
      drop(x->connection, to_string(x->reason));
    while (jobs_ < jobs_of_a_worker * parts_.workers.size()) {
      auto work = unproven_->poll_work(now());
      if (!work)
        break;
      begin(*work);
    }
    if (auto at = unproven_->poll_timeout())
      timer_->wait_until(*at);
    return closed;
  }

  void begin(const handshake_work& work) {
    auto id = work.connection;
    auto& x = pending_.at(id);
    ++jobs_;
    if (work.what == handshake_work::half::read)
      ask(id, read_init{x.handshake, std::move(x.first_frame)},
          [this, id](const init_read& msg) { handle(id, msg); });
    else
      ask(id, answer_init{x.handshake, x.admitted},
          [this, id](const init_answered& msg) { handle(id, msg); });
  }

  /// Has the next worker do a job.
  template <class Job, class F>
  void ask(connection_id id, Job job, F handle_result) {
    const auto& worker = parts_.workers[next_worker_++ % parts_.workers.size()];
    send_request(self_, worker, caf::infinite, std::move(job))
      .then(std::move(handle_result),
            [this, id](const caf::error&) { fail(id, "shutting_down"); });
  }

  void handle(connection_id id, const init_read& msg) {
    if (!is_good(id, msg.error))
      return;
    auto from = msg.request.src_node_id;
    send_request(self_, parts_.router, caf::infinite,
                 admission_request{msg.request})
      .then([this, id, from](const admission& x) { handle(id, from, x); },
            [this, id](const caf::error&) { fail(id, "shutting_down"); });
  }

  void handle(connection_id id, const node_id& from, const admission& msg) {
    request_ended request{from, msg.epoch};
    --jobs_;
    if (auto x = pending_.find(id); x == pending_.end()) {
      send_message(self_, parts_.router, request);
    } else {
      x->second.request = request;
      x->second.admitted = msg;
      unproven_->handle_named(id, from, msg.known, now());
    }
    go_on();
  }

  void handle(connection_id id, const init_answered& msg) {
    if (!is_good(id, msg.error))
      return;
    --jobs_;
    auto& x = pending_.at(id);
    x.connection->write(msg.frame);
    if (auto refused = x.handshake->refusal()) {
      drop(id, to_string(*refused));
    } else {
      x.waits = false;
      unproven_->handle_answered(id, now());
      read_frame(id);
    }
    go_on();
  }

  /// Whether a handshake goes on that a worker had. If not, its job ends here.
  bool is_good(connection_id id, std::optional<handshake_error> error) {
    auto result = !error && pending_.contains(id);
    if (!result)
      fail(id, error ? to_string(*error) : std::string_view{});
    return result;
  }

  /// A job has come to nothing.
  void fail(connection_id id, std::string_view reason) {
    --jobs_;
    drop(id, reason);
    go_on();
  }

  /// Ends a connection without a word.
  void drop(connection_id id, std::string_view reason) {
    auto found = pending_.extract(id);
    if (found.empty())
      return;
    unproven_->handle_closed(id);
    send_message(self_, parts_.router, handshake_failed{reason});
    if (const auto& request = found.mapped().request)
      send_message(self_, parts_.router, *request);
    found.mapped().connection->close();
  }

  acceptor_actor::pointer self_;
  acceptor_parts parts_;
  random_source random_;
  std::optional<unproven_connections> unproven_;
  std::unordered_map<connection_id, pending> pending_;
  std::size_t next_worker_ = 0;
  // Handshakes that workers, or the Router after them, have at the moment.
  std::size_t jobs_ = 0;
  std::optional<timer> timer_;
};

} // namespace

inbound_handler spawn_acceptor(caf::actor_system& system,
                               std::shared_ptr<event_loop> loop,
                               const node_config& config, std::size_t places,
                               admission_actor router,
                               std::vector<handshake_worker> workers) {
  acceptor_parts parts{std::move(loop), config.self,       config.settings,
                       places,          std::move(router), std::move(workers)};
  return spawn_in_loop<acceptor_actor, acceptor_state>(
    system, *parts.loop, [=](auto* self) -> acceptor_actor::behavior_type {
      auto* state = &state_of(self);
      state->start(parts);
      return {
        [state](const inbound& msg) { state->handle(msg); },
        [state](make_room msg) { return state->handle(msg); },
        [state](const connection_ready& msg) { state->handle(msg); },
        [state](tick) { state->handle_tick(); },
      };
    });
}

} // namespace node_proxy::internal
