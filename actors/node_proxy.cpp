#include <node_proxy/actors/node_proxy.hpp>

#include <algorithm>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include <node_proxy/actors/engine_lanes.hpp>
#include <node_proxy/actors/now.hpp>
#include <node_proxy/actors/pending_sends.hpp>
#include <node_proxy/protocol/peer.hpp>

namespace node_proxy {

namespace {

/// How far ahead a tick is at most.
constexpr auto furthest_tick = std::chrono::minutes{1};

/// The shell around a `peer`: feeds it, does what it says, keeps its time.
class node_proxy_state {
public:
  explicit node_proxy_state(node_proxy_actor::pointer self) : self_(self) {
    lanes_.emplace(self, [this](auto ids, auto reason) {
      auto at = now();
      for (const auto& id : ids)
        peer_->handle_finished(id, reason, at);
      flush_soon();
    });
  }

  node_proxy_state(const node_proxy_state&) = delete;
  node_proxy_state& operator=(const node_proxy_state&) = delete;

  ~node_proxy_state() {
    // The Router outlives this: it is not to keep all who ever watched it.
    if (config_.router)
      self_->demonitor(config_.router.address());
  }

  void start(node_proxy_config config);

  // -- handlers
  // ----------------------------------------------------------------

  /// What users may say, too.
  template <class Reply, class Msg>
  caf::result<Reply> handle_direct(const Msg& msg);

  /// What only the Router says.
  void count_routed();

  caf::result<delivered> handle(const node_out_msg& msg);
  caf::result<batch_outcome> handle(const node_out_batch& batch);
  void handle(const attach_session& msg);
  void handle(const stop_node_proxy& msg);
  void handle(const connection_ready& msg);
  void handle_tick();
  void handle_flush();

  void handle_flush_queued() {
    flush_queued_ = false;
    handle_flush();
  }

  void handle(const engines_changed& msg) {
    lanes_->set_engines(msg.engines);
    act();
  }

  void handle_answers() {
    if (lanes_)
      lanes_->handle_answers();
  }

  void handle(const local_advert_changed& msg) {
    peer_->handle_local_advert(msg.advert, now());
    act();
  }

  void handle(const connect_now&) {
    peer_->handle_connect(now());
    act();
  }

  void handle(const looked_up&) {
    given_out_ = true;
    rest_from_ = now().steady + config_.settings.idle_timeout;
    act();
  }

  void handle(const routed_mark&) { act(); }

  void handle(const retire&);

private:
  const timestamp& now() { return now_ = now_of(self_); }

  enum class resting {
    no,
    // The Router has been told that this Node Proxy could end. It says
    // `retire`, or a message of its own is on the way, which ends the rest.
    offered,
    // All that users say is passed on.
    retired,
  };

  template <class Reply, class Msg>
  void pass_on(const Msg& msg, promise<Reply> waiting);
  void take(const node_out_msg& msg, promise<delivered> waiting);
  void take(const node_out_batch& batch, promise<batch_outcome> waiting);
  void take(const node_msg& msg, promise<node_msg_taken> waiting);
  void take(const connect_request& request, promise<connect_reply> waiting);
  void take(const connect_reply& reply, promise<done> waiting);
  void take(const node_advert& advert, promise<node_advert_reply> waiting);
  void take(connection_permanence permanence, promise<done> waiting);

  void act();
  void offer_rest();
  void flush_soon();
  void arm_tick();
  void add(const connection_ptr& x);
  void read(connection_id id);

  void perform(dial_peer& action);
  void perform(transmit_frames& action);
  void perform(close_connection& action);
  void perform(deliver_message& action);
  void perform(send_outcome& action);
  void perform(learned_advert& action);
  void perform(overtaken_advert& action);
  void perform(peer_event& action);

  node_proxy_actor::pointer self_;
  node_proxy_config config_;
  std::unique_ptr<peer> peer_;
  pending_sends pending_;
  // Absent once this has retired, as engines refer to it.
  std::optional<engine_lanes> lanes_;
  std::unordered_map<connection_id, connection_ptr> connections_;
  bool flush_queued_ = false;
  // The last look at the clocks, which is good enough for what waits for that
  // flush: to look again for each message is dear.
  timestamp now_;
  resting resting_ = resting::no;
  // Some user has a handle.
  bool given_out_ = false;
  // Not to rest before this.
  steady_time rest_from_{};
  // How many messages of the Router have come.
  std::uint64_t heard_ = 0;
  // Dials under way, wanted or not: each may bring a connection.
  std::size_t dials_ = 0;
  // What users said since the Router was asked; to be told whether this has
  // retired.
  std::vector<std::function<void(bool)>> held_;
  // Ticks on their way, the next one last: a tick cannot be taken back, so one
  // is added only if it is to come before all others.
  std::vector<steady_time> ticks_;
};

void node_proxy_state::start(node_proxy_config config) {
  config_ = std::move(config);
  peer_ = std::make_unique<peer>(config_.settings, config_.self, config_.remote,
                                 config_.remote_key, config_.record,
                                 random_source{config_.seed});
  config_.seed.wipe();
  lanes_->set_engines(config_.engines);
  // Nobody would end a Node Proxy whose Router is gone.
  self_->monitor(config_.router);
  self_->set_down_handler([this](const caf::down_msg& msg) {
    if (msg.source == config_.router.address())
      self_->quit(msg.reason);
  });
  auto begin = now();
  peer_->handle_local_advert(config_.local_advert, begin);
  if (config_.remote_advert)
    static_cast<void>(
      peer_->handle_remote_advert(*config_.remote_advert, begin));
  act();
}

// -- what local actors say
// -----------------------------------------------------

template <class Reply, class Msg>
caf::result<Reply> node_proxy_state::handle_direct(const Msg& msg) {
  auto waiting = make_promise<Reply>(self_);
  if (resting_ == resting::no)
    take(msg, waiting);
  else if (resting_ == resting::retired)
    pass_on(msg, waiting);
  else
    held_.emplace_back([this, msg, waiting](bool retired) {
      if (retired)
        pass_on(msg, waiting);
      else
        take(msg, waiting);
    });
  return waiting;
}

template <class Reply, class Msg>
void node_proxy_state::pass_on(const Msg& msg, promise<Reply> waiting) {
  auto router = caf::actor_cast<caf::actor>(config_.router);
  passed_on content{config_.remote, caf::make_message(msg)};
  if (waiting.pending())
    waiting.delegate(router, std::move(content));
  else
    caf::anon_send(router, std::move(content));
}

void node_proxy_state::count_routed() {
  ++heard_;
  if (resting_ != resting::offered)
    return;
  for (auto& x : std::exchange(held_, {}))
    x(false);
  // Only now, as this must not rest again before the message at hand is
  // handled.
  resting_ = resting::no;
}

void node_proxy_state::handle(const retire&) {
  resting_ = resting::retired;
  for (auto& x : std::exchange(held_, {}))
    x(true);
  // As long as users have handles they may use them. The last one that goes
  // ends this, too.
  if (given_out_)
    lanes_.reset();
  else
    self_->quit();
}

caf::result<delivered> node_proxy_state::handle(const node_out_msg& msg) {
  auto waiting = make_promise<delivered>(self_);
  take(msg, waiting);
  return waiting;
}

caf::result<batch_outcome>
node_proxy_state::handle(const node_out_batch& batch) {
  auto waiting = make_promise<batch_outcome>(self_);
  take(batch, waiting);
  return waiting;
}

void node_proxy_state::take(const node_out_msg& msg,
                            promise<delivered> waiting) {
  auto token = pending_.add(std::move(waiting));
  flush_soon();
  peer_->handle_send(token, msg, now_);
}

void node_proxy_state::take(const node_out_batch& batch,
                            promise<batch_outcome> waiting) {
  auto token = pending_.add_batch(std::move(waiting), batch.msgs.size());
  flush_soon();
  for (const auto& msg : batch.msgs)
    peer_->handle_send(token++, msg, now_);
}

void node_proxy_state::take(const node_msg& msg,
                            promise<node_msg_taken> waiting) {
  if (!peer_->handle_node_msg(msg, now())) {
    fail(waiting, make_error(errc::connection_closed));
    return;
  }
  fulfil(waiting, node_msg_taken{});
  handle_flush();
}

void node_proxy_state::take(const connect_request& request,
                            promise<connect_reply> waiting) {
  fulfil(waiting, peer_->answer(request));
}

void node_proxy_state::take(const connect_reply& reply, promise<done> waiting) {
  peer_->handle_connect_reply(reply, now());
  fulfil(waiting, done{});
  act();
}

void node_proxy_state::take(const node_advert& advert,
                            promise<node_advert_reply> waiting) {
  fulfil(waiting, peer_->handle_remote_advert(advert, now()));
  act();
}

void node_proxy_state::take(connection_permanence permanence,
                            promise<done> waiting) {
  peer_->handle_permanence(permanence, now());
  self_->send(config_.router, proxy_event{config_.remote, permanence});
  fulfil(waiting, done{});
  act();
}

void node_proxy_state::handle(const stop_node_proxy& msg) {
  auto at = now();
  peer_->handle_shutdown(at.steady + msg.grace, at);
  handle_flush();
}

// -- what connections say
// ------------------------------------------------------

void node_proxy_state::handle(const attach_session& msg) {
  auto id = msg.connection->id();
  add(msg.connection);
  msg.connection->begin_stream();
  peer_->handle_session(id, std::move(*msg.session), now());
  read(id);
}

void node_proxy_state::add(const connection_ptr& x) {
  x->set_owner(caf::actor_cast<connection_owner>(self_));
  connections_.emplace(x->id(), x);
}

void node_proxy_state::handle(const connection_ready& msg) {
  auto position = connections_.find(msg.connection);
  if (position == connections_.end())
    return;
  peer_->handle_written(msg.connection, position->second->write_rest());
  read(msg.connection);
}

/// Reads once, so that all connections and all who send have their turn.
void node_proxy_state::read(connection_id id) {
  auto x = connections_.at(id);
  auto at = now();
  auto got = x->read(
    [this, id, &at](bytes_view body) { peer_->handle_frame(id, body, at); });
  // The answer to the handshake has come, so frames may follow.
  if (got.bodies > 0)
    x->begin_stream();
  else if (got.bytes > 0)
    peer_->handle_progress(id, got.bytes, at);
  if (got.end) {
    connections_.erase(id);
    peer_->handle_closed(id, to_string(*got.end), at);
  } else if (got.more) {
    self_->send(caf::actor_cast<node_proxy_actor>(self_), connection_ready{id});
  }
  handle_flush();
}

// -- time
// ----------------------------------------------------------------------

void node_proxy_state::handle_tick() {
  if (!ticks_.empty())
    ticks_.pop_back();
  peer_->handle_timeout(now());
  handle_flush();
}

void node_proxy_state::handle_flush() {
  auto more = peer_->flush(now());
  act();
  if (more)
    flush_soon();
}

/// Sends what is queued as soon as all that is in the mailbox has joined it.
void node_proxy_state::flush_soon() {
  if (std::exchange(flush_queued_, true))
    return;
  static_cast<void>(now());
  self_->send(caf::actor_cast<node_proxy_actor>(self_), flush_queued{});
}

void node_proxy_state::arm_tick() {
  auto present = now();
  auto at = peer_->poll_timeout(present);
  if (present.steady < rest_from_)
    at = std::min(at.value_or(rest_from_), rest_from_);
  // It keeps the memory of this actor, even if that has ended long before.
  if (at)
    at = std::min<steady_time>(*at, present.steady + furthest_tick);
  if (!at || (!ticks_.empty() && ticks_.back() <= *at))
    return;
  ticks_.push_back(*at);
  send_later(self_, std::max(*at - present.steady, duration{0}), tick{});
}

// -- what the peer says
// --------------------------------------------------------

/// Does what the peer wants done.
void node_proxy_state::act() {
  while (auto action = peer_->poll_action())
    std::visit([this](auto& x) { perform(x); }, *action);
  if (peer_->stopped()) {
    self_->quit();
    return;
  }
  arm_tick();
  offer_rest();
}

/// Tells the Router if there is nothing to do.
void node_proxy_state::offer_rest() {
  // The Router has a reason to spawn it, which comes first.
  if (resting_ != resting::no || heard_ == 0 || dials_ > 0
      || now_.steady < rest_from_ || !peer_->dormant(now_))
    return;
  resting_ = resting::offered;
  self_->send(config_.router,
              node_proxy_dormant{config_.remote, heard_, peer_->record()});
}

void node_proxy_state::perform(dial_peer& action) {
  auto attempt = action.id;
  ++dials_;
  self_->request(config_.transport, caf::infinite, dial{action.address})
    .then(
      [this, attempt](const dialled& msg) {
        --dials_;
        auto id = msg.connection->id();
        add(msg.connection);
        peer_->handle_dialled(attempt, id, now());
        act();
        if (connections_.contains(id))
          read(id);
      },
      [this, attempt](const caf::error&) {
        --dials_;
        peer_->handle_dial_failed(attempt, now());
        act();
      });
}

void node_proxy_state::perform(transmit_frames& action) {
  auto position = connections_.find(action.connection);
  if (position == connections_.end())
    return;
  auto& x = *position->second;
  peer_->handle_written(action.connection, x.write(action.frames));
  peer_->reuse(std::move(action.frames));
}

void node_proxy_state::perform(close_connection& action) {
  if (auto found = connections_.extract(action.connection); !found.empty())
    found.mapped()->close();
}

void node_proxy_state::perform(deliver_message& action) {
  lanes_->deliver(std::move(action));
}

void node_proxy_state::perform(send_outcome& action) {
  pending_.handle_outcome(action);
}

void node_proxy_state::perform(learned_advert& action) {
  self_->send(config_.router, proxy_event{config_.remote, std::move(action)});
}

void node_proxy_state::perform(overtaken_advert& action) {
  self_->send(config_.router, proxy_event{config_.remote, action});
}

void node_proxy_state::perform(peer_event& action) {
  self_->send(config_.router, proxy_event{config_.remote, action});
}

/// Handles what users may say.
template <class Reply, class Msg>
auto direct(node_proxy_state& state) {
  return [&state](const Msg& msg) -> caf::result<Reply> {
    return state.handle_direct<Reply>(msg);
  };
}

/// Handles what only the Router says.
template <class Msg>
auto routed(node_proxy_state& state) {
  return [&state](const Msg& msg) {
    state.count_routed();
    state.handle(msg);
  };
}

node_proxy_actor::behavior_type
node_proxy_behavior(node_proxy_actor::stateful_pointer<node_proxy_state> self,
                    node_proxy_config config) {
  auto& state = state_of(self);
  state.start(std::move(config));
  return {
    direct<delivered, node_out_msg>(state),
    direct<node_msg_taken, node_msg>(state),
    direct<connect_reply, connect_request>(state),
    direct<done, connect_reply>(state),
    direct<node_advert_reply, node_advert>(state),
    direct<done, connection_permanence>(state),
    direct<batch_outcome, node_out_batch>(state),
    [&state](const routed_msg& x) {
      state.count_routed();
      return state.handle(x.msg);
    },
    [&state](const routed_batch& x) {
      state.count_routed();
      return state.handle(x.batch);
    },
    routed<attach_session>(state),
    routed<engines_changed>(state),
    routed<local_advert_changed>(state),
    routed<connect_now>(state),
    routed<looked_up>(state),
    routed<routed_mark>(state),
    [&state](const retire& msg) { state.handle(msg); },
    routed<stop_node_proxy>(state),
    [&state](const connection_ready& msg) { state.handle(msg); },
    [&state](engines_answered) { state.handle_answers(); },
    [&state](tick) { state.handle_tick(); },
    [&state](flush_queued) { state.handle_flush_queued(); },
  };
}

} // namespace

node_proxy_actor spawn_node_proxy(caf::actor_system& system,
                                  node_proxy_config config) {
  return system.spawn(node_proxy_behavior, std::move(config));
}

} // namespace node_proxy
