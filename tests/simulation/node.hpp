// A node of the simulated network: what the actors are in a real one, around
// the same protocol core.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <node_proxy/base/frame_memory.hpp>
#include <node_proxy/protocol/node/dial_budget.hpp>
#include <node_proxy/protocol/node/lookup_budget.hpp>
#include <node_proxy/protocol/node/peer_directory.hpp>
#include <node_proxy/protocol/node/retirement.hpp>
#include <node_proxy/protocol/node/unproven_connections.hpp>
#include <node_proxy/protocol/peer/peer.hpp>
#include <node_proxy/protocol/session/handshake.hpp>
#include <node_proxy/protocol/wire/frame.hpp>

#include "agenda.hpp"
#include "stream.hpp"

namespace simulation {

using namespace std::chrono_literals;

class network;

/// How a message is to be sent.
struct send_options {
  expiry_time expiry = rel_time{3600};
  transport_ordering ordering = transport_ordering::ordered;
  transport_reliability reliability = transport_reliability::reliable;
};

/// How an address of a node behaves when it is dialled.
enum class route : std::uint16_t {
  direct,
  slow,     // it takes longer
  refusing, // there is no connection
  silent,   // neither, and it takes long until that is known
  mute,     // there is one, and nothing ever comes back on it
};

/// A message that arrived at an engine.
struct received {
  std::string from;
  node_id from_id;
  std::string sender;
  std::string engine;
  std::optional<mailbox_id> mailbox;
  std::string text;
  delivery_id id;
  /// Of the receiving node.
  unsigned incarnation = 0;
  /// How often the receiving node had lost its memory of the sender.
  unsigned losses = 0;
  /// The engine has neither taken nor refused it.
  bool held = true;
  bool taken = false;
};

/// What became of messages, by token. Tokens are never used again.
using outcome_map =
  std::map<send_token, std::vector<std::optional<send_failure>>>;

class node : public stream_user {
public:
  node(network& net, std::string name, std::size_t index, std::uint64_t seed,
       const peer_settings& settings, std::shared_ptr<const identity> self);

  [[nodiscard]] const std::string& name() const { return name_; }

  [[nodiscard]] const node_id& id() const { return self_->id(); }

  [[nodiscard]] std::shared_ptr<const identity> self() const { return self_; }

  /// Each node has an address of each kind.
  [[nodiscard]] tcp_addr address(route kind = route::direct) const;

  /// The same by its name.
  [[nodiscard]] dns_addr named_address(route kind = route::direct) const;

  [[nodiscard]] const node_advert& advert() const {
    return *directory_->advert();
  }

  // -- what a test does -------------------------------------------------------

  /// Sends to an engine of `to`, directly to its Node Proxy if `uses_handle`.
  /// What becomes of it: `outcome`.
  send_token send(const node& to, std::string_view engine,
                  std::string_view text, const send_options& options = {});

  /// What the next `send` returns.
  [[nodiscard]] send_token next_token() const { return last_token_ + 1; }

  /// The same with everything chosen by the test.
  send_token send(const node_id& to, const node_out_msg& msg);

  /// What `f` does with this node leads to frames only at its end, as when many
  /// events wait for an actor.
  template <class F>
  void burst(F f) {
    gathers_ = true;
    f();
    gathers_ = false;
    for (const auto& x : all_served())
      pump(x);
  }

  void connect(const node& to);
  void set_permanent(const node& to, bool permanent = true);
  /// @returns why an operator may not have it disconnected or forgotten.
  parting_result part_from(const node& other, bool forget);
  void handle_advert(const node_advert& advert);

  /// Another node is known by its newest advert alone.
  void forget_addresses(const node& other);

  /// Issues an advert, which names `reached_at`. It has at least this version.
  void issue_advert(std::uint64_t version);

  /// Adds an engine. It takes each message after this delay, or when it is
  /// told to.
  void add_engine(std::string_view engine,
                  std::optional<duration> delay = duration{0});

  /// Lets an engine take (or refuse) the first message that it has not.
  void take(std::string_view engine,
            std::optional<control::reject_reason> reason = std::nullopt);

  /// Lets each engine take what it has and what it will get.
  void take_all();

  /// Ends and begins anew with what is on disk.
  void restart();

  /// Ends without a word. If the whole host does, nobody is told that the
  /// connections are gone.
  void crash(bool host = false);

  /// @param version the least one of its advert; without one it is that of the
  ///                last one.
  void start(std::optional<std::uint64_t> version = std::nullopt);

  /// While it does not run, its disk is replaced by an empty one.
  void lose_state() { disk_ = {}; }

  /// Ends what there is with other nodes in good order.
  void shut_down(duration at_most = 5s);

  /// The same, and takes no more connections.
  void stop(duration at_most);

  /// Lets another node in no more, once it is not connected.
  void deny(const node& other) { rules.admission.deny(other.id()); }

  [[nodiscard]] bool running() const { return running_; }

  /// Whether it is up and is to stay so.
  [[nodiscard]] bool serves() const { return running_ && !stopping_; }

  // -- what a test may look at ------------------------------------------------

  /// The state for another node, if anything is under way with it.
  [[nodiscard]] peer* peer_of(const node& other);

  /// Whether another node is remembered without anything under way.
  [[nodiscard]] bool remembers(const node& other) { return record_of(other); }

  /// What is remembered of it then.
  [[nodiscard]] const peer_record* record_of(const node& other);

  [[nodiscard]] const peer_directory& directory() const { return *directory_; }

  /// How many others are remembered.
  [[nodiscard]] std::size_t records();

  /// How many inbound connections there are whose initiator is not proven.
  [[nodiscard]] std::size_t unproven() const;

  /// With which bounds it has begun.
  [[nodiscard]] const directory_settings& memory_bounds() const {
    return bounds_;
  }

  [[nodiscard]] const stored_state& disk() const { return disk_; }

  /// Whether something is under way with a peer.
  [[nodiscard]] bool serves(const node_id& id) const {
    return peers_.contains(id);
  }

  /// How many such peers there are.
  [[nodiscard]] std::size_t served() const { return peers_.size(); }

  /// Nothing is under way with any other node.
  [[nodiscard]] bool at_rest() const { return peers_.empty(); }

  /// How often nothing was under way with a peer any more, and it was ...
  struct rest_counts {
    std::uint64_t remembered = 0;
    std::uint64_t finished = 0; // ... not worth remembering
    std::uint64_t lost = 0;     // ... remembered, and not long enough

    void add(const rest_counts& other) {
      remembered += other.remembered;
      finished += other.finished;
      lost += other.lost;
    }
  };

  [[nodiscard]] const rest_counts& rests() const { return rests_; }

  [[nodiscard]] bool connected(const node& other);

  /// When the last octet so far arrived on a connection with `other` of which
  /// both ends are proven, if `other` is connected.
  [[nodiscard]] steady_time last_heard(const node& other) const;

  /// The version of the other's advert that this node knows; 0 = none.
  [[nodiscard]] std::uint64_t known_version(const node& other) const;

  /// "pending", "delivered", or the error, with its cause in brackets.
  [[nodiscard]] std::string outcome(send_token token) const;

  [[nodiscard]] const outcome_map& outcomes() const { return outcomes_; }

  /// The texts that arrived at an engine, with a blank between each two.
  [[nodiscard]] std::string texts(std::string_view engine) const;

  [[nodiscard]] const std::vector<received>& all_received() const {
    return received_;
  }

  /// What all peers together may still have outstanding here.
  [[nodiscard]] const receive_budget& budget() const { return *budget_; }

  /// Bytes that engines were given and did not take, in this incarnation.
  [[nodiscard]] std::size_t held_bytes() const { return held_bytes_; }

  using reason_counts = std::map<std::string, std::uint64_t, std::less<>>;

  /// How many attempts to connect there were, in all incarnations.
  [[nodiscard]] std::uint64_t attempts() const;

  /// What it has under way of these.
  [[nodiscard]] const dial_budget& dials() const { return *dials_; }

  /// How many connections were made to another node than the one that was
  /// meant, as an advert had it.
  [[nodiscard]] std::uint64_t wrong_numbers() const { return wrong_numbers_; }

  /// How many connections there are with `other`, those that come to their end
  /// included.
  [[nodiscard]] std::size_t links(const node& other) const;

  /// How often inbound handshakes and connections ended for which reason.
  [[nodiscard]] reason_counts ends() const;

  [[nodiscard]] std::uint64_t count(std::string_view reason) const;

  /// Sealed frames of those that are served.
  [[nodiscard]] std::uint64_t frames_in() const;

  /// Messages that the protocol itself rejected, without asking an engine.
  [[nodiscard]] std::uint64_t unreadable() const;

  [[nodiscard]] unsigned incarnation() const { return incarnation_; }

  // -- what a test may set ----------------------------------------------------

  peer_settings settings;
  /// The bounds of what is remembered count from the next start on.
  directory_settings rules;
  /// How many connections may be unproven, from the next start on.
  std::size_t max_unproven = 2'048;
  /// Like the bounds, from the next start on.
  std::size_t max_dials = 256;
  /// Where the node can be reached, as it says; the best address first.
  std::vector<transport_address> reached_at;
  /// Whether the times of its directory come: it dials by itself those whose
  /// connections were lost, and whoever came without being connected in the end
  /// leaves its place to others.
  bool comes_back = false;
  /// How long messages between its Router and a Node Proxy take at most; each
  /// takes another time, but none overtakes another one that goes the same way.
  /// 0: none takes any.
  duration mailbox_delay{0};

  /// How long it takes at most until a message is where it belongs: from a user
  /// to a Node Proxy that waits for the Router's word, passed on to the Router,
  /// and from there to another Node Proxy.
  [[nodiscard]] duration mailbox_time() const { return 4 * mailbox_delay; }

  /// Those to whom it sends by their Node Proxies: it asks the Router for their
  /// handles once.
  std::set<node_id> uses_handle;

  // -- stream_user ------------------------------------------------------------

  void handle_accepted(connection_id connection) override;
  void handle_data(connection_id connection, bytes_view data) override;
  void handle_written(connection_id connection, std::size_t count) override;
  void handle_closed(connection_id connection, close_reason reason) override;

  /// Does something with the state for `other`, which is made if need be, and
  /// then what that wants done. Nothing happens if `other` cannot be served.
  void with_peer(const node_id& other, std::function<void(peer&)> f);

private:
  // What an actor does with its next message.
  using task = std::function<void()>;

  // A Node Proxy, and what the Router knows of it.
  struct remote {
    remote(const node_id& id, std::unique_ptr<peer> machine)
      : id(id), machine_ptr(std::move(machine)), machine(*machine_ptr) {}

    node_id id;
    std::unique_ptr<peer> machine_ptr;
    peer& machine;
    std::uint64_t told = 0; // the version of its advert that it began with
    std::optional<agenda::key> timer = {};
    std::size_t dials = 0;
    proxy_retirement<task> retirement = {};
    router_retirement routed = {};
    // When the last message each way arrives.
    steady_time to_proxy{};
    steady_time to_router{};
    bool ended = false;
    // It has ended because the node does, whatever was on its way to it.
    bool stopped = false;
  };

  using remote_ptr = std::shared_ptr<remote>;

  // An inbound connection before its initiator is proven.
  struct accepting {
    responder_handshake handshake;
    bytes init = {};
    // For an answer to its first frame.
    bool waits = false;
    bool answered = false;
    node_id from = {};
    // What the directory has told.
    admission admitted = {};
    std::optional<std::uint64_t> epoch = {};
  };

  struct stream {
    steady_time begun{};
    deframer input{limits::handshake_body};
    std::variant<remote_ptr, accepting> user = remote_ptr{};
    // The Node Proxy does not have it yet, or does not read it now; what
    // arrived meanwhile.
    bool on_its_way = false;
    bool held = false;
    bytes early = {};
  };

  // A dial that waits, is under way, or has a connection that is not proven.
  struct dialling {
    remote_ptr user;
    dial_peer what;
    peer_standing standing;
    std::optional<agenda::key> under_way = {};
    std::optional<connection_id> connection = {};
  };

  using hosts = std::vector<ip_address>;

  // A name that somebody wants looked up.
  struct lookup {
    remote_ptr user;
    attempt_id attempt = 0;
    std::string name;
    peer_standing standing;
  };

  struct engine {
    std::optional<duration> delay;
  };

  // node_router.cpp
  std::vector<remote_ptr> all_served() const;
  expected<remote_ptr, send_error> find_or_serve(const node_id& other);
  void send_to(const remote_ptr& x, task what);
  void post(const remote_ptr& x, task what);
  void handle_routed(const remote_ptr& x, const task& what);
  void close_arriving(const remote_ptr& x);
  void tell_router(const remote_ptr& x, task what);
  void schedule(duration delay, task what);
  duration some_delay();
  void take_or_pass_on(const remote_ptr& x, send_token token,
                       const node_out_msg& msg);
  void release_held(const remote_ptr& x);
  void offer_rest(const remote_ptr& x);
  void handle_offer(const remote_ptr& x, std::uint64_t handled,
                    const peer_record& record);
  void end(const remote_ptr& x);
  void act();
  void arm_directory();
  void perform(const serve_peer& action);
  void perform(const regard_peer& action);
  void perform(const displace_peer& action);
  void perform(const seek_peer& action);
  void perform(const hurry_peer& action);
  void perform(const introduce_peer& action);
  void perform(const announce_advert& action);
  void perform(const report_denied& action);
  void perform(const report_turned_away& action);
  void perform(const report_left_out& action);
  void note_losses(const serve_peer& action);
  void publish(std::uint64_t version);
  void send_routed(const node_id& to, send_token token,
                   const node_out_msg& msg);
  void send_direct(const node_id& to, send_token token,
                   const node_out_msg& msg);

  // node.cpp
  void pump(const remote_ptr& x);
  void arm(const remote_ptr& x);
  void handle_timer(const remote_ptr& x);
  void perform(const remote_ptr& x, peer_action& action);
  void handle_outcome(const node_id& other, send_token token,
                      const std::optional<send_failure>& failure);
  void deliver(const node_id& other, const deliver_message& action);
  void finish(std::size_t index, std::optional<control::reject_reason> reason);
  void reject(const node_id& other, const delivery_id& id,
              control::reject_reason reason);
  void tell_finished(const node_id& other, const delivery_id& id,
                     std::optional<control::reject_reason> reason);
  void log_event(const node_id& other, const peer_event& event);
  void log(const node_id& other, std::string_view what);

  // node_dials.cpp
  void perform(const remote_ptr& x, const dial_peer& action);
  void perform(const remote_ptr& x, const cancel_dial& action);
  void look_up(const remote_ptr& x, attempt_id attempt,
               const std::string& name);
  void look_up_next();
  void begin_lookup(lookup_id id);
  void answer_lookup(lookup_id id, const hosts& found, dial_error failure);
  void end_lookup(lookup_id id);
  void dial_next();
  void begin_dial(dial_id id);
  void handle_dialled(dial_id id, std::optional<connection_id> connection);
  void end_dial(dial_id id);
  bool end_dial_on(connection_id connection);
  void end_all_dials();

  // node_streams.cpp
  remote_ptr reader_of(const stream& x) const;
  void read_held(const remote_ptr& x);
  void handle_bad_frame(connection_id connection, frame_error error);
  void handle_body(connection_id connection, bytes_view body);
  void handle_proof(connection_id connection, accepting& x, bytes_view body);
  void go_on_accepting();
  void read_init(connection_id connection);
  void answer(connection_id connection);
  void refuse(connection_id connection, std::string_view reason);
  void end_accepting(connection_id connection, const accepting& x,
                     std::string_view reason);
  void attach(const remote_ptr& to, connection_id connection,
              const std::shared_ptr<proven_session>& session);

  network& net_;
  std::string name_;
  owner_id owner_;
  std::shared_ptr<const identity> self_;
  random_source random_;
  std::shared_ptr<receive_budget> budget_;
  std::shared_ptr<spare_time> spare_;
  stored_state disk_;
  std::optional<peer_directory> directory_;
  directory_settings bounds_;
  std::optional<agenda::key> directory_timer_;
  std::optional<dial_budget> dials_;
  std::map<dial_id, dialling> dialling_;
  dial_id last_dial_ = 0;
  std::optional<lookup_budget> names_;
  std::map<lookup_id, lookup> lookups_;
  lookup_id last_lookup_ = 0;
  std::optional<agenda::key> dial_timer_;
  bool running_ = true;
  bool stopping_ = false;
  bool gathers_ = false;
  unsigned incarnation_ = 0;

  frame_memory frames_;
  // Those that the Router knows.
  std::map<node_id, remote_ptr> peers_;
  // What users have got.
  std::map<node_id, remote_ptr> handles_;
  // Who was put into the memory, and with what; how often that was lost.
  std::map<node_id, peer_record> remembered_;
  std::map<node_id, unsigned> losses_;
  rest_counts rests_;
  std::map<connection_id, stream> streams_;
  // Which of them are still to be proven.
  std::optional<unproven_connections> unproven_;
  std::optional<agenda::key> unproven_timer_;
  std::map<node_id, steady_time> heard_;
  std::map<std::string, engine, std::less<>> engines_;
  // What no peer counts, or one that is no more.
  reason_counts other_ends_;
  std::uint64_t other_rejects_ = 0;
  std::uint64_t other_attempts_ = 0;
  std::uint64_t wrong_numbers_ = 0;
  std::uint64_t engine_rejects_ = 0;
  std::vector<received> received_;
  outcome_map outcomes_;
  send_token last_token_ = 0;
  std::size_t held_bytes_ = 0;
};

} // namespace simulation
