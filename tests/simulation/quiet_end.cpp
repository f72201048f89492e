// How a random history ends: without faults, everything has to settle, and two
// nodes that are alone have to do exactly what the protocol says.

#include <vector>

#include "random_world.hpp"
#include "scenes.hpp"

namespace simulation {

namespace {

/// In how much time everything settles without faults.
constexpr duration settle_time = 60s;

} // namespace

void random_world::settle() {
  net.lookup_delay = 1ms;
  net.run_for(5s); // what ended or was parted comes back
  quiet = true;
  for (auto id : net.connections())
    for (auto& way : net.at(id).directions)
      way.cut_at.reset();
  for (auto* x : nodes) {
    x->rules.max_peers = 1'000;
    x->take_all();
    for (auto* y : nodes) {
      if (x == y)
        continue;
      net.introduce(*x, *y);
      x->set_permanent(*y, false);
    }
  }
  net.run_until([this] { return judge.settled(); }, settle_time);
}

void random_world::play_scene() {
  std::vector<scene> scenes;
  for (auto some :
       {scenes_of_connections(), scenes_of_messages(), scenes_of_adverts()})
    scenes.insert(scenes.end(), some.begin(), some.end());
  // It takes time to notice that somebody has forgotten.
  for (auto* x : nodes)
    give_memory(*x);
  auto first = random.below(nodes.size());
  auto second = first + 1 + random.below(nodes.size() - 1);
  auto& x = *nodes[first];
  auto& y = *nodes[second % nodes.size()];
  // Each has one good address, lest others take time.
  name_addresses(x, y, {y.address()});
  name_addresses(y, x, {x.address()});
  scenes[random.below(scenes.size())](*this, x, y);
  check_contact(x, y);
  x.set_permanent(y, false);
  await_idleness();
}

} // namespace simulation
