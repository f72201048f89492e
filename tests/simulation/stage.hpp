// Some nodes with their network, and what can be done to them.

#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "network.hpp"
#include "referee.hpp"

namespace simulation {

/// For a few small messages and their answers, over any of our connections.
inline constexpr duration soon = 1s;

struct stage {
  explicit stage(std::uint64_t seed);

  stage(const stage&) = delete;
  stage& operator=(const stage&) = delete;

  // -- what nodes do ----------------------------------------------------------

  std::size_t send_one(node& from, node& to, std::string_view engine,
                       std::size_t size);
  std::size_t send_one(node& from, node& to, std::string_view engine,
                       std::size_t size, const send_options& options);
  void connect(node& x, node& y);
  void connect_permanently(node& x, node& y);
  void revive(node& x);
  void give_memory(node& x);
  void issue_advert(node& x, std::uint64_t version);
  void name_addresses(node& x, node& y, std::vector<transport_address> of_y);
  std::vector<transport_address> some_addresses(const node& x);

  // -- what their network does ------------------------------------------------

  void answer_dials(duration after);
  void make_equal_ways(duration dial, duration latency);
  void cut_all(const node& x, const node& y);
  void cut_for(const node& x, connection_id id);
  std::size_t side_of(const node& x, connection_id id);

  // -- what has to follow -----------------------------------------------------

  bool wait_until(const std::function<bool()>& done, duration limit,
                  std::string_view what, node& x, node& y);
  void await_idleness();
  void check_contact(node& x, node& y);

  // -- chance -----------------------------------------------------------------

  bool chance(std::uint64_t percent) { return random.below(100) < percent; }
  duration up_to(duration most);
  node& any_node();

  random_source random;
  network net;
  referee judge;
  std::vector<node*> nodes;
  /// All that there ever were.
  std::vector<node_advert> adverts;
  /// There are no faults any more.
  bool quiet = false;
};

} // namespace simulation
