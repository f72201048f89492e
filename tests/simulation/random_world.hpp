// A random history of a few nodes: first with faults, then without any, when
// everything has to settle. All of it follows from the seed.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "network.hpp"

namespace simulation {

/// What one run came to.
struct world_report {
  /// What is wrong; empty if all is well.
  std::vector<std::string> failures;
  /// The last lines of the transcript.
  std::string transcript;
  std::uint64_t sent = 0;
  std::uint64_t delivered = 0;
  std::uint64_t unconfirmed = 0;
  std::uint64_t restarts = 0;
  std::uint64_t cuts = 0;
  /// Ends of connections by reason, of all nodes.
  node::reason_counts ends;
};

class random_world {
public:
  explicit random_world(std::uint64_t seed);

  /// Runs the history to its end.
  [[nodiscard]] world_report run();

private:
  // A message that somebody sent.
  struct sent_message {
    node* from;
    node* to;
    unsigned incarnation;
    std::string name;
    bool reliable;
    bool lasting; // does not expire while we look
    bool known_engine;
    send_token token;
  };

  void make_nodes();
  void make_connection(connection& x);
  peer_settings some_settings();
  void act();
  void send_something(node& from, node& to);
  void hurt_connection();
  void clash(node& x, node& y);
  void restart(node& x);
  bool settled() const;
  void settle();
  void check_received();
  void check_outcomes();
  void check_ends();
  void check_connections();
  void check_bounds(const node& x);
  void fail(std::string what) { report_.failures.push_back(std::move(what)); }

  bool chance(std::uint64_t percent) { return random_.below(100) < percent; }
  duration up_to(duration most);
  node& any_node();

  random_source random_;
  network net_;
  std::vector<node*> nodes_;
  bool quiet_ = false;
  std::vector<sent_message> sent_;
  world_report report_;
};

} // namespace simulation
