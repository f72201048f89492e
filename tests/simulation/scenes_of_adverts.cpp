// Scenes about what nodes say of themselves.

#include <array>

#include "scenes.hpp"

namespace simulation {

namespace {

/// A new advert reaches who is connected, and an old one changes nothing.
void change_advert(stage& at, node& x, node& y) {
  at.connect(x, y);
  auto old = x.advert();
  at.issue_advert(x, old.version + 1);
  // The other one may know a still newer one of an earlier life.
  at.wait_until([&] { return y.known_version(x) == x.advert().version; }, soon,
                "do not exchange a new advert", x, y);
  y.handle_advert(old);
  auto known = y.peer_of(x);
  if (known && known->advert_version() != x.advert().version)
    at.judge.fail("goes back to an old advert", y, &x);
}

/// A new advert reaches who connects later.
void bring_advert(stage& at, node& x, node& y) {
  at.issue_advert(x, x.advert().version + 1);
  at.connect(x, y);
  at.wait_until([&] { return y.known_version(x) == x.advert().version; }, soon,
                "do not exchange adverts", x, y);
}

/// Who forgot its own advert gets it back, and issues a newer one.
void forget_advert(stage& at, node& x, node& y) {
  auto before = x.advert().version;
  x.crash(true);
  at.judge.handle_restart(x);
  x.lose_state();
  x.start(1);
  at.judge.handle_restart(x);
  at.net.introduce(x, y);
  at.connect(x, y);
  at.wait_until(
    [&] {
      return x.advert().version > before
             && y.known_version(x) == x.advert().version;
    },
    soon, "do not give back an advert", x, y);
}

/// A node that is dialled in vain is found at the address of its next advert.
void move_away(stage& at, node& x, node& y) {
  at.name_addresses(x, y, {y.address(route::refusing)});
  x.set_permanent(y);
  at.net.run_for(soon);
  at.name_addresses(x, y, {y.address()});
  at.wait_until([&] { return x.connected(y) && y.connected(x); },
                x.settings.backoff_cap + soon,
                "do not connect at a new address", x, y);
}

/// A node whose name leads elsewhere is found once it leads to it.
void move_behind_name(stage& at, node& x, node& y) {
  auto& hosts = at.net.names[y.named_address().name];
  // Nobody is there.
  hosts = {ipv4{{std::byte{1}, std::byte{1}, std::byte{1}, std::byte{2}}}};
  at.name_addresses(x, y, {y.named_address()});
  x.set_permanent(y);
  at.net.run_for(soon);
  hosts = {y.address().ip};
  at.wait_until([&] { return x.connected(y) && y.connected(x); },
                x.settings.backoff_cap + soon,
                "do not connect at the new host of a name", x, y);
}

/// A node that no longer says where it is stays where it was met.
void hide_away(stage& at, node& x, node& y) {
  at.connect_permanently(x, y);
  y.reached_at.clear();
  at.issue_advert(y, y.advert().version + 1);
  at.wait_until([&] { return x.known_version(y) == y.advert().version; }, soon,
                "do not exchange a new advert", x, y);
  at.revive(y);
  // It has to be noticed first.
  at.wait_until([&] { return x.connected(y) && y.connected(x); },
                x.settings.dead_peer_limit + x.settings.backoff_cap + soon,
                "do not connect where they did before", x, y);
}

} // namespace

std::span<const scene> scenes_of_adverts() {
  static constexpr std::array<scene, 6> all{
    change_advert, bring_advert,     forget_advert,
    move_away,     move_behind_name, hide_away,
  };
  return all;
}

} // namespace simulation
