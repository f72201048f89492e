#include <node_proxy/actors/transport/acceptor.hpp>

#include <algorithm>
#include <memory>
#include <optional>
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

// A worker has so many batches at once, so that it has something to do while
// the results of one are dealt with, and a batch is so long, so that the next
// one in turn comes soon.
constexpr std::size_t max_batches = 2;
constexpr std::size_t max_batch = 8;

// When there are no descriptors, one of so many connections makes room, but not
// more of them than the transport accepts at once.
constexpr std::size_t share_of_room = 4;
constexpr std::size_t max_room = 16;

using acceptor_actor = inbound_handler::extend_with<
  connection_owner>::extend_with<tick_receiver>::extend_with<turn_end_receiver>;

/// What the acceptor is made from.
struct acceptor_parts {
  std::shared_ptr<event_loop> loop;
  std::shared_ptr<const identity> self;
  peer_settings settings;
  std::size_t places = 0;
  admission_actor router;
};

/// One of the workers, and what it is given.
struct busy_worker {
  handshake_worker worker;
  std::size_t batches = 0;
  handshake_jobs next = {};

  [[nodiscard]] bool has_room() const {
    return batches < max_batches && next.jobs.size() < max_batch;
  }
};

class acceptor_state {
public:
  explicit acceptor_state(acceptor_actor::pointer self)
    : self_(self), random_(os_random_key()) {
    // nop
  }

  acceptor_state(const acceptor_state&) = delete;
  acceptor_state& operator=(const acceptor_state&) = delete;

  void start(acceptor_parts parts,
             const std::vector<handshake_worker>& workers) {
    parts_ = std::move(parts);
    for (const auto& x : workers)
      workers_.push_back({x});
    unproven_.emplace(parts_.places, parts_.settings);
    timer_.emplace(parts_.loop, caf::actor_cast<tick_receiver>(self_));
    turn_end_.emplace(parts_.loop, caf::actor_cast<turn_end_receiver>(self_));
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

  /// Those whose turn it is go on, all at once.
  void handle_turns_over() {
    turn_end_->handle();
    for (auto some = true; std::exchange(some, false);)
      for (auto& x : workers_)
        if (auto work =
              x.has_room() ? unproven_->poll_work(now()) : std::nullopt) {
          x.next.jobs.push_back(job_for(*work));
          some = true;
        }
    for (auto& x : workers_)
      if (!x.next.jobs.empty())
        give_out(x);
    close_ended();
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
      drop(id, *got.end);
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
      drop(id, proven.error());
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
    turn_end_->ask();
    return close_ended();
  }

  std::size_t close_ended() {
    std::size_t closed = 0;
    for (; auto x = unproven_->poll_end(); ++closed)
      drop(x->connection, x->reason);
    if (auto at = unproven_->poll_timeout())
      timer_->wait_until(*at);
    return closed;
  }

  void give_out(busy_worker& to) {
    std::vector<connection_id> ids;
    for (const auto& x : to.next.jobs)
      ids.push_back(x.connection);
    ++to.batches;
    send_request(self_, to.worker, caf::infinite,
                 std::exchange(to.next, handshake_jobs{}))
      .then(
        [this, &to](handshake_results& msg) {
          --to.batches;
          for (auto& x : msg.results)
            handle(x);
          go_on();
        },
        [this, ids](const caf::error&) {
          for (auto id : ids)
            drop(id, arrival_error::shutting_down);
        });
  }

  handshake_job job_for(const handshake_work& work) {
    auto& x = pending_.at(work.connection);
    if (work.what == handshake_work::half::read)
      return {work.connection, x.handshake, std::move(x.first_frame)};
    return {work.connection, x.handshake, x.admitted};
  }

  void handle(handshake_result& x) {
    auto id = x.connection;
    if (auto error = std::get_if<handshake_error>(&x.output))
      drop(id, *error);
    else if (!pending_.contains(id))
      return;
    else if (auto request = std::get_if<connect_request>(&x.output))
      ask_router(id, *request);
    else
      answer(id, std::get<bytes>(x.output));
  }

  void ask_router(connection_id id, const connect_request& msg) {
    auto from = msg.src_node_id;
    send_request(self_, parts_.router, caf::infinite, admission_request{msg})
      .then([this, id, from](const admission& x) { handle(id, from, x); },
            [this, id](const caf::error&) {
              drop(id, arrival_error::shutting_down);
            });
  }

  void handle(connection_id id, const node_id& from, const admission& msg) {
    request_ended request{from, msg.epoch};
    if (auto x = pending_.find(id); x == pending_.end()) {
      send_message(self_, parts_.router, request);
    } else {
      x->second.request = request;
      x->second.admitted = msg;
      unproven_->handle_named(id, from, msg.known, now());
    }
    go_on();
  }

  void answer(connection_id id, bytes_view frame) {
    auto& x = pending_.at(id);
    x.connection->write(frame);
    if (auto refused = x.handshake->refusal()) {
      drop(id, *refused);
    } else {
      x.waits = false;
      unproven_->handle_answered(id, now());
      read_frame(id);
    }
  }

  /// Ends a connection without a word.
  void drop(connection_id id, const handshake_failure& reason) {
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
  std::vector<busy_worker> workers_;
  std::optional<timer> timer_;
  std::optional<turn_end> turn_end_;
};

} // namespace

inbound_handler spawn_acceptor(caf::actor_system& system,
                               std::shared_ptr<event_loop> loop,
                               const node_config& config, std::size_t places,
                               admission_actor router,
                               const std::vector<handshake_worker>& workers) {
  acceptor_parts parts{std::move(loop), config.self, config.settings, places,
                       std::move(router)};
  return spawn_in_loop<acceptor_actor, acceptor_state>(
    system, *parts.loop, [=](auto* self) -> acceptor_actor::behavior_type {
      auto* state = &state_of(self);
      state->start(parts, workers);
      return {
        [state](const inbound& msg) { state->handle(msg); },
        [state](make_room msg) { return state->handle(msg); },
        [state](const connection_ready& msg) { state->handle(msg); },
        [state](tick) { state->handle_tick(); },
        [state](turns_over) { state->handle_turns_over(); },
      };
    });
}

} // namespace node_proxy::internal
