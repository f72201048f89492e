// Scenes about what nodes say of themselves.

#include "random_world.hpp"

namespace simulation {

/// A new advert reaches who is connected, and an old one changes nothing.
void random_world::change_advert(node& x, node& y) {
  connect(x, y);
  auto old = x.advert();
  issue_advert(x, old.version + 1);
  // The other one may know a still newer one of an earlier life.
  wait_until([&] { return y.known_version(x) == x.advert().version; }, soon,
             "do not exchange a new advert", x, y);
  y.handle_advert(old);
  auto known = y.peer_of(x);
  if (known && known->advert_version() != x.advert().version)
    referee_.fail("goes back to an old advert", y, &x);
}

/// A new advert reaches who connects later.
void random_world::bring_advert(node& x, node& y) {
  issue_advert(x, x.advert().version + 1);
  connect(x, y);
  wait_until([&] { return y.known_version(x) == x.advert().version; }, soon,
             "do not exchange adverts", x, y);
}

/// Who forgot its own advert gets it back, and issues a newer one.
void random_world::forget_advert(node& x, node& y) {
  auto before = x.advert().version;
  x.crash(true);
  referee_.handle_restart(x);
  x.lose_state();
  x.start(1);
  referee_.handle_restart(x);
  net_.introduce(x, y);
  connect(x, y);
  wait_until(
    [&] {
      return x.advert().version > before
             && y.known_version(x) == x.advert().version;
    },
    soon, "do not give back an advert", x, y);
}

/// A node that is dialled in vain is found at the address of its next advert.
void random_world::move_away(node& x, node& y) {
  name_addresses(x, y, {y.address(route::refusing)});
  x.set_permanent(y);
  net_.run_for(soon);
  name_addresses(x, y, {y.address()});
  wait_until([&] { return x.connected(y) && y.connected(x); },
             x.settings.backoff_cap + soon, "do not connect at a new address",
             x, y);
}

/// A node that no longer says where it is stays where it was met.
void random_world::hide_away(node& x, node& y) {
  connect_permanently(x, y);
  y.reached_at.clear();
  issue_advert(y, y.advert().version + 1);
  wait_until([&] { return x.known_version(y) == y.advert().version; }, soon,
             "do not exchange a new advert", x, y);
  revive(y);
  // It has to be noticed first.
  wait_until([&] { return x.connected(y) && y.connected(x); },
             x.settings.dead_peer_limit + x.settings.backoff_cap + soon,
             "do not connect where they did before", x, y);
}

} // namespace simulation
