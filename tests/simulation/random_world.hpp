// A random history of a few nodes: first with faults, then without any, when
// everything has to settle, and at last a scene in which two nodes are alone.
// All of it follows from the seed.

#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <vector>

#include "stage.hpp"
#include "twin_caller.hpp"

namespace simulation {

/// What one history came to.
struct world_report {
  /// What is wrong; empty if all is well.
  std::vector<failure> failures;
  /// What happened; only the end of it unless `keep_transcript`.
  std::string transcript;
  /// How many things were done to the world.
  std::uint64_t acts = 0;
  std::uint64_t sent = 0;
  std::uint64_t delivered = 0;
  std::uint64_t unconfirmed = 0;
  std::uint64_t restarts = 0;
  std::uint64_t cuts = 0;
  node::rest_counts rests;
  /// Ends of connections by reason, of all nodes.
  node::reason_counts ends;

  void add(const world_report& other);
};

class random_world : private stage {
public:
  static constexpr auto no_limit = std::numeric_limits<std::uint64_t>::max();

  /// @param max_acts ends the faults early.
  explicit random_world(std::uint64_t seed, std::uint64_t max_acts = no_limit,
                        bool keep_transcript = false);

  /// Runs the history to its end.
  [[nodiscard]] world_report run();

  /// The last lines of the transcript, whether it is kept or not.
  [[nodiscard]] const std::deque<std::string>& last_lines() const {
    return net.transcript();
  }

private:
  // random_world.cpp
  void make_nodes();
  void make_connection(connection& x);
  peer_settings some_settings();
  void act();
  void send_some(node& from, node& to);
  void take_some(node& x);
  void hurt_connection();
  void part();
  void clash(node& x, node& y);
  void end_and_begin(node& x);
  void stop(node& x);
  void begin_later(node& x);
  void deny(node& x, node& y);
  void leave_network(node& x);
  void call_as_twin(node& x, node& y);
  void gossip(node& x, const node& y);
  void forget(node& x, node& y);

  // quiet_end.cpp
  void settle();
  void play_scene();

  world_report report();

  std::uint64_t max_acts_;
  std::deque<twin_caller> twins_;
  /// How long there are faults.
  duration fault_time_{};
  world_report report_;
};

} // namespace simulation
