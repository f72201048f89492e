// A random history of a few nodes: first with faults, then without any, when
// everything has to settle, and at last a scene in which two nodes are alone.
// All of it follows from the seed.

#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <vector>

#include "network.hpp"
#include "referee.hpp"
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

class random_world {
public:
  static constexpr auto no_limit = std::numeric_limits<std::uint64_t>::max();

  /// @param max_acts ends the faults early.
  explicit random_world(std::uint64_t seed, std::uint64_t max_acts = no_limit,
                        bool keep_transcript = false);

  /// Runs the history to its end.
  [[nodiscard]] world_report run();

  /// The last lines of the transcript, whether it is kept or not.
  [[nodiscard]] const std::deque<std::string>& last_lines() const {
    return net_.transcript();
  }

private:
  /// For a few small messages and their answers, over any of our connections.
  static constexpr duration soon = 1s;

  // random_world.cpp
  void make_nodes();
  void make_connection(connection& x);
  peer_settings some_settings();
  std::vector<transport_address> some_addresses(const node& x);
  void act();
  void send_some(node& from, node& to);
  std::size_t send_one(node& from, node& to, std::string_view engine,
                       std::size_t size);
  std::size_t send_one(node& from, node& to, std::string_view engine,
                       std::size_t size, const send_options& options);
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
  void issue_advert(node& x, std::uint64_t version);

  // quiet_end.cpp
  void settle();
  void await_idleness();
  void play_scene();
  void answer_dials(duration after);
  void make_equal_ways(duration dial, duration latency);
  void name_addresses(node& x, node& y, std::vector<transport_address> of_y);
  void connect(node& x, node& y);
  void connect_permanently(node& x, node& y);
  void cut_all(const node& x, const node& y);
  void cut_for(const node& x, connection_id id);
  std::size_t side_of(const node& x, connection_id id);
  void revive(node& x);
  void give_memory(node& x);
  void check_contact(node& x, node& y);
  bool wait_until(const std::function<bool()>& done, duration limit,
                  std::string_view what, node& x, node& y);

  // scenes_of_connections.cpp
  void clash_in_peace(node& x, node& y);
  void pass_over_silence(node& x, node& y);
  void go_where_it_worked(node& x, node& y);
  void hold_permanently(node& x, node& y);
  void take_over(node& x, node& y);
  void give_up_early(node& x, node& y);
  void come_back(node& x, node& y);
  void send_away(node& x, node& y);
  void dial_in_vain(node& x, node& y);
  void dial_at_once(node& x, node& y);
  void return_after_long(node& x, node& y);
  void ask_for_room(node& x, node& y);
  void trickle(node& x, node& y);

  // scenes_of_messages.cpp
  void resume(node& x, node& y);
  void expire(node& x, node& y);
  void pass_by(node& x, node& y);
  void wait_for_engine(node& x, node& y);
  void take_and_stop(node& x, node& y);
  void remember(node& x, node& y);
  void turn_away(node& x, node& y);

  // scenes_of_adverts.cpp
  void change_advert(node& x, node& y);
  void bring_advert(node& x, node& y);
  void forget_advert(node& x, node& y);
  void move_away(node& x, node& y);
  void hide_away(node& x, node& y);

  bool chance(std::uint64_t percent) { return random_.below(100) < percent; }
  duration up_to(duration most);
  node& any_node();
  world_report report();

  random_source random_;
  network net_;
  referee referee_;
  std::uint64_t max_acts_;
  std::vector<node*> nodes_;
  std::vector<node_advert> adverts_;
  std::deque<twin_caller> twins_;
  /// How long there are faults.
  duration fault_time_{};
  bool quiet_ = false;
  world_report report_;
};

} // namespace simulation
