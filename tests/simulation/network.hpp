// A simulated network of nodes. Each is the real protocol core; octets really
// go through frames. All that happens is a function of the seed and of what the
// test asks for.

#pragma once

#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agenda.hpp"
#include "node.hpp"
#include "stream.hpp"

namespace simulation {

using namespace std::chrono_literals;

/// When the two ends of a cut connection learn of it; never if not given.
struct cut_notice {
  std::optional<duration> dialler = duration{0};
  std::optional<duration> acceptor = duration{0};
};

/// Watches what the nodes do.
class observer {
public:
  virtual ~observer() = default;

  /// A message arrived at an engine.
  virtual void handle_received(const node& at, const received& msg) = 0;
  /// The sender is told what became of its message.
  virtual void handle_outcome(const node& from, send_token token,
                              const std::optional<send_failure>& failure) = 0;
  /// `at` has come to believe that it is connected with `other`, or not.
  virtual void handle_connected(const node& at, const node_id& other,
                                bool is) = 0;
  /// `at` writes to `other` on a connection that began so long ago.
  virtual void handle_written(const node& at, const node_id& other,
                              duration age) = 0;
  /// `at` sends so many messages again.
  virtual void handle_resumed(const node& at, const node_id& other,
                              std::uint64_t resent) = 0;
  /// `at` finds that two processes have a key, its own or that of `other`.
  virtual void handle_key_shared(const node& at, const node_id& other) = 0;
  /// `at` begins to serve a peer.
  virtual void handle_served(const node& at, const serve_peer& peer) = 0;
  /// `at` begins to dial a peer.
  virtual void handle_dial(const node& at, const node_id& other,
                           const transport_address& to,
                           peer_standing standing) = 0;
  /// `at` begins to look up a name for a peer of that standing, or comes to the
  /// end of that.
  virtual void handle_lookup(const node& at, peer_standing standing,
                             bool begins) = 0;
  /// `other` has called `at` and proven itself, or was called and answers.
  virtual void handle_meeting(const node& at, const node_id& other) = 0;
  /// Somebody at `at` wants `other` connected.
  virtual void handle_wish(const node& at, const node_id& other) = 0;
  /// Somebody at `at` tells of an advert.
  virtual void handle_introduced(const node& at, const node_advert& advert) = 0;
  /// `at` has learned of an advert from its owner.
  virtual void handle_learned(const node& at, const node_advert& advert) = 0;
};

class network {
public:
  explicit network(std::uint64_t seed = 1);
  network(const network&) = delete;
  network& operator=(const network&) = delete;
  ~network();

  // -- nodes ------------------------------------------------------------------

  /// A new node, with one address. The ids of the first sixteen nodes ascend in
  /// the order in which they were added.
  node& add(std::string name, const peer_settings& settings = {});

  /// Another process with the keys of `other`.
  node& add_twin(std::string name, const node& other);

  [[nodiscard]] node& at(std::string_view name) {
    return *nodes_.find(name)->second;
  }

  /// The node with this id, if it is one of this network.
  [[nodiscard]] node* find(const node_id& id) const;

  /// The name of a node; empty if it is not one of this network.
  [[nodiscard]] std::string name_of(const node_id& id) const;

  /// The Noise key of a node, computed only for strangers.
  [[nodiscard]] noise_public_key noise_key_of(const node_id& id) const;

  /// `a` learns how to reach `b`.
  void introduce(node& a, const node& b);

  // -- time -------------------------------------------------------------------

  [[nodiscard]] timestamp now() const;

  /// Sets the wall clock forth or back.
  void adjust_wall(std::chrono::seconds by) { wall_offset_ += by; }

  /// Runs until `done`, but not for longer than `limit`.
  /// @returns whether `done` came true.
  bool run_until(const std::function<bool()>& done, duration limit = 60s);

  /// Lets this much time pass.
  void run_for(duration time);

  /// Does the next thing that is to be done.
  /// @returns false if that is later than `limit`, or nothing more is allowed.
  bool step(steady_time limit = steady_time::max());

  /// Stops the world, as a failure, after so many events: somebody may go round
  /// in circles for ever.
  void limit_events(std::uint64_t most) { events_left_ = most; }

  agenda::key schedule(duration delay, owner_id owner,
                       std::function<void()> what);
  void cancel(const agenda::key& event) { agenda_.remove(event); }

  // -- connections ------------------------------------------------------------

  /// Who dialled learns of the connection, or that there is none.
  using dial_result = std::function<void(std::optional<connection_id>)>;

  /// Makes a connection to the node with this address.
  /// @returns what to `cancel` if it is no longer wanted.
  agenda::key dial(stream_user& from, owner_id owner,
                   const transport_address& to, dial_result done);

  void write(connection_id id, const stream_user& from, bytes data);
  void close(connection_id id, const stream_user& from);

  /// What nodes find when they look up a name; others are unknown. Each node
  /// has a name of its own.
  std::map<std::string, std::vector<ip_address>> names;

  /// How long a lookup takes.
  duration lookup_delay = 1ms;

  /// Ends a connection. What is under way is lost.
  void cut(connection_id id, const cut_notice& notice = {});

  /// The open connections between two nodes, oldest first.
  [[nodiscard]] std::vector<connection_id> between(const node& a,
                                                   const node& b) const;

  /// All open connections, oldest first.
  [[nodiscard]] std::vector<connection_id> connections() const;

  /// Whether the node with this id was dialled.
  [[nodiscard]] bool leads_to(connection_id id, const node_id& to) const;

  /// "a/b" for a connection that a has dialled.
  [[nodiscard]] std::string describe(const connection& x) const;

  [[nodiscard]] connection& at(connection_id id) { return connections_.at(id); }

  /// May change how new connections begin.
  std::function<void(connection_id, connection&)> prepare;

  /// Nothing passes between the two until then: what is written waits, as the
  /// retransmissions of TCP would have it, and so do dials, for a while.
  void part(const node& a, const node& b, steady_time until);

  /// When a dial is answered (by default after 1 ms); nothing if it fails.
  std::function<std::optional<duration>(const stream_user&, const node&)>
    dial_delay;

  // -- what happened ----------------------------------------------------------

  /// Notes that something is wrong; tests end with a look at `failures`.
  void fail(std::string what);

  [[nodiscard]] const std::vector<std::string>& failures() const {
    return failures_;
  }

  /// Who watches, if anybody.
  simulation::observer* observer = nullptr;

  /// Adds a line to the transcript.
  void log(std::string_view who, std::string_view what);

  /// What was logged since `take_transcript`, with times in milliseconds.
  [[nodiscard]] const std::deque<std::string>& transcript() const {
    return transcript_;
  }

  /// What was logged since the last call, with times in milliseconds.
  std::string take_transcript();

  /// Keeps the transcript down to so many lines.
  void limit_transcript(std::size_t lines) { transcript_limit_ = lines; }

private:
  static constexpr steady_time start = 1000s;

  node& add(std::string name, const peer_settings& settings,
            std::shared_ptr<const identity> self);
  /// Whose address that is, if anybody's, and of which kind.
  std::pair<node*, route> find_address(const transport_address& address);
  void open(stream_user& from, node& to, route kind, const dial_result& done);
  void send_piece(connection_id id, std::size_t side, bytes piece);
  void deliver(connection_id id, std::size_t side, bytes_view data);
  void notify_closed(connection_id id, std::size_t side, bool was_cut);
  void forget_if_closed(connection_id id);
  steady_time parted_until(const stream_user& a, const stream_user& b) const;
  connection* find(connection_id id);
  static std::size_t side_of(const connection& x, const stream_user& user);

  std::uint64_t seed_;
  random_source noise_;
  agenda agenda_;
  steady_time now_ = start;
  std::chrono::seconds wall_offset_{60'000'000};
  std::map<std::string, std::unique_ptr<node>, std::less<>> nodes_;
  std::map<connection_id, connection> connections_;
  std::map<std::pair<const stream_user*, const stream_user*>, steady_time>
    parted_;
  connection_id last_connection_ = 0;
  std::deque<std::string> transcript_;
  std::vector<std::string> failures_;
  std::size_t transcript_limit_ = 100'000;
  std::uint64_t events_left_ = std::numeric_limits<std::uint64_t>::max();
};

} // namespace simulation
