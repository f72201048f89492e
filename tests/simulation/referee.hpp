// Knows what was sent in a simulated network, watches what becomes of it, and
// says what is wrong.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "network.hpp"

namespace simulation {

/// A message that somebody sent. The text begins with "#", its place among all,
/// and a blank.
struct sent_message {
  const node* from = nullptr;
  const node* to = nullptr;
  /// Of the sender.
  unsigned incarnation = 0;
  send_token token = 0;
  std::string text;
  std::string engine;
  transport_ordering ordering = transport_ordering::ordered;
  bool reliable = true;
  /// The receiver has an engine for it.
  bool known_engine = true;
  /// It has to have an outcome by then.
  std::optional<steady_time> expires = {};
  /// It may be called expired from then on.
  std::optional<std::chrono::seconds> expires_by_wall = {};

  std::vector<std::optional<send_failure>> outcomes = {};
  /// Where in `to->all_received()`.
  std::vector<std::size_t> arrivals = {};

  /// It cannot expire while the simulation lasts.
  [[nodiscard]] bool lasting() const { return !expires && !expires_by_wall; }

  /// Somebody waits for its outcome.
  [[nodiscard]] bool pending() const {
    return outcomes.empty() && incarnation == from->incarnation();
  }
};

/// Something that is not as it has to be.
struct failure {
  std::string what;
  /// Whom it is about; the second one may be missing.
  std::string node;
  std::string other;
};

class referee : public observer {
public:
  explicit referee(network& net) : net_(net), begun_(net.now().steady) {
    net_.observer = this;
  }
  referee(const referee&) = delete;
  referee& operator=(const referee&) = delete;
  ~referee() override { net_.observer = nullptr; }

  // -- what the simulation does -----------------------------------------------

  /// `msg` is about to be sent.
  void handle_sent(sent_message msg);

  /// `x` has ended, or begins anew.
  void handle_restart(const node& x);

  /// `x` is to forget the other one, unless it is told of it from now on.
  void handle_forget(const node& x, const node& other);

  /// One of the two does not let the other in for a while, or did not.
  void handle_denial(const node& x, const node& y);

  // -- observer ---------------------------------------------------------------

  void handle_received(const node& at, const received& msg) override;
  void handle_outcome(const node& from, send_token token,
                      const std::optional<send_failure>& failure) override;
  void handle_connected(const node& at, const node_id& other, bool is) override;
  void handle_written(const node& at, const node_id& other,
                      duration age) override;
  void handle_key_shared(const node& at, const node_id& other) override;
  void handle_resumed(const node& at, const node_id& other,
                      std::uint64_t resent) override;
  void handle_served(const node& at, const serve_peer& peer) override;
  void handle_learned(const node& at, const node_advert& advert) override;
  void handle_dial(const node& at, const node_id& other,
                   const transport_address& to,
                   peer_standing standing) override;
  void handle_lookup(const node& at, peer_standing standing,
                     bool begins) override;
  void handle_meeting(const node& at, const node_id& other) override;
  void handle_wish(const node& at, const node_id& other) override;
  void handle_introduced(const node& at, const node_advert& advert) override;

  // -- checks -----------------------------------------------------------------

  /// Whether every message has an outcome.
  [[nodiscard]] bool settled() const;

  /// What waits, and for whom, has its limits.
  void check_bounds(const std::vector<node*>& nodes);

  /// `x` has begun with what was on disk.
  void check_restored(const node& x, const stored_state& disk);

  /// Nobody who sent from `x` still waits.
  void check_answered(const node& x);

  /// What is to be true when all is settled.
  void check_end(const std::vector<node*>& nodes);

  /// How often a connection of the two was lost.
  [[nodiscard]] std::uint64_t losses(const node& x, const node& y) const;

  /// How many messages `x` has sent to `y` again.
  [[nodiscard]] std::uint64_t resent(const node& x, const node& y) const;

  void fail(std::string what, const node& x, const node* y = nullptr);

  [[nodiscard]] const std::vector<failure>& failures() const {
    return failures_;
  }

  [[nodiscard]] const std::vector<sent_message>& sent() const { return sent_; }

private:
  using node_pair = std::pair<const node*, const node*>;

  struct waiting {
    std::size_t bytes = 0;
    std::size_t messages = 0;
  };

  // A channel of an incarnation of the sender to one of the receiver, since it
  // last forgot the sender.
  struct channel_life {
    const node* from;
    unsigned incarnation;
    const node* to;
    unsigned to_incarnation;
    unsigned losses;
    std::string engine;
    transport_ordering ordering;

    auto operator<=>(const channel_life&) const = default;
  };

  // What two nodes believe about their connection.
  struct belief {
    bool first = false;
    bool second = false;
    std::optional<steady_time> disagree_since = {};
    std::uint64_t losses = 0;
  };

  // What one node has of another one that bears upon dialling it, in all of its
  // lives.
  struct acquaintance {
    // It called, or was reached.
    std::uint64_t meetings = 0;
    std::uint64_t wishes = 0;
    std::vector<steady_time> dials = {}; // as of a stranger
    std::vector<transport_address> introduced = {};
    // Somebody has told of it since the process began, and since it was to be
    // forgotten, if it was.
    bool told = false;
    bool to_forget = false;
  };

  void check_dialled(const node& at, const node& other,
                     const transport_address& to, const acquaintance& x);
  bool stands_for(const std::string& name, const ip_address& host) const;
  static node_pair pair_of(const node& x, const node& y);
  void note_agreement(belief& x) const;
  void check_disagreement(const node_pair& nodes, const belief& x);
  void check_held(const node& x);
  void check_directory(node& x);
  void check_outcome(const sent_message& msg,
                     const std::optional<send_failure>& failure);
  void check_wrong_numbers(const std::vector<node*>& nodes);
  void check_delivered(const sent_message& msg);
  void check_links(const node& x, const node& y);

  network& net_;
  steady_time begun_;
  std::vector<sent_message> sent_;
  std::map<std::pair<const node*, send_token>, std::size_t> by_token_;
  std::map<node_pair, waiting> waiting_;
  std::map<node_pair, belief> beliefs_;
  std::set<node_pair> denied_;
  std::map<node_pair, std::uint64_t> resent_;
  std::map<std::pair<const node*, node_id>, acquaintance> acquaintances_;
  // For whom names are looked up, by node and incarnation.
  std::map<std::pair<const node*, unsigned>, std::multiset<peer_standing>>
    lookups_;
  // The last message of a channel that arrived.
  std::map<channel_life, std::size_t> last_;
  std::map<std::tuple<const node*, unsigned, node_id>, std::uint64_t> versions_;
  // The epochs that were in use, by node.
  // Those in use so far, and the one of each peer that is served.
  std::map<const node*, std::set<std::uint64_t>> epochs_;
  std::map<std::pair<const node*, node_id>, std::uint64_t> serving_;
  std::vector<failure> failures_;
};

} // namespace simulation
