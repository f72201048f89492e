// Many strangers at a node that is too small for them: they call, leave, hold
// what engines do not take, begin what they do not end, and come under new
// names. Others are beside them.

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "identities.hpp"
#include "network.hpp"
#include "referee.hpp"
#include "support/octets.hpp"
#include "twin_caller.hpp"

using namespace simulation;

namespace {

/// A hub with places for three, whom it does not know but for one of them.
class small_hub {
public:
  static constexpr std::size_t many = 8;
  static constexpr std::uint32_t max_message = 100'000;

  explicit small_hub(std::uint64_t seed)
    : net(seed), random_(test::seeded(seed)) {
    net.prepare = [this](connection_id, connection& x) {
      for (auto& way : x.directions)
        way.latency = 1ms;
      x.from = ipv4{{std::byte{1}, {}, {}, std::byte(caller)}};
    };
    hub.rules.max_peers = 3;
    hub.rules.peers_kept.records = many + 1;
    hub.comes_back = true;
    hub.restart();
    net.introduce(known, hub);
    net.introduce(hub, known);
    for (const auto* engine : {"now", "never"})
      hub.add_engine(engine, std::string_view{engine} == "now"
                               ? std::optional{duration{0}}
                               : std::nullopt);
    for (std::size_t i = 0; i < many; ++i) {
      strangers.push_back(&net.add("stranger" + std::to_string(i), settings()));
      net.introduce(*strangers.back(), hub);
    }
  }

  /// Something that a stranger does.
  void act() {
    caller = static_cast<unsigned>(random_.below(many));
    auto& x = *strangers[caller];
    auto what = random_.below(100);
    if (what < 60)
      send(x, what < 30 ? "now" : "never", random_.below(300));
    else if (what < 75)
      send(x, what < 68 ? "now" : "never", 20'000 + random_.below(70'000));
    else if (what < 90)
      for (auto id : net.between(x, hub))
        net.cut(id);
    else if (what < 95)
      x.connect(hub);
    else
      call_under_new_name();
  }

  /// Somebody who has nothing to say.
  void call_under_new_name() {
    caller = 200;
    callers_.emplace_back(net, hub, identity_of(1'000 + callers_.size()),
                          test::numbered_key(7), 20ms);
  }

  std::size_t send(node& from, std::string_view engine, std::size_t size) {
    auto index = ref.sent().size();
    sent_message msg;
    msg.from = &from;
    msg.to = &hub;
    msg.incarnation = from.incarnation();
    msg.token = from.next_token();
    msg.text = "#" + std::to_string(index) + " " + std::string(size, 'x');
    msg.engine = engine;
    auto text = msg.text;
    ref.handle_sent(std::move(msg));
    from.send(hub, engine, text);
    return index;
  }

  /// The one who was introduced is served at once.
  void check_known() {
    caller = 100;
    auto index = send(known, "now", 50'000);
    auto done = [&] {
      return !ref.sent()[index].outcomes.empty();
    };
    CHECK(net.run_until(done, 2s));
    CHECK_FALSE(ref.sent()[index].outcomes.front());
  }

  void check_memory() {
    auto used = receive_budget{hub.settings}.strangers()->free()
                - hub.budget().strangers()->free();
    // What nobody is blamed for, and a frame each.
    auto most = receive_budget{hub.settings}.strangers()->free()
                + static_cast<std::int64_t>(many)
                    * (stranger_account::spared + 64 * 1'024);
    CHECK(used <= most);
    CHECK(hub.directory().connected() <= hub.rules.max_peers + 1);
    ref.check_bounds({&hub});
  }

  /// All that was sent arrives once, when there is room.
  void settle() {
    hub.rules.max_peers = 100;
    hub.take_all();
    CHECK(net.run_until([this] { return ref.settled(); }, 120s));
    // Nobody was forgotten with whom messages were exchanged.
    CHECK(hub.rests().lost == 0);
    for (const auto& msg : ref.sent()) {
      CHECK(msg.arrivals.size() == 1);
      CHECK((msg.outcomes.size() == 1 && !msg.outcomes.front()));
    }
    for (const auto& x : ref.failures())
      FAIL_CHECK(x.node << "/" << x.other << " " << x.what);
    for (const auto& what : net.failures())
      FAIL_CHECK(what);
  }

  network net;
  referee ref{net};
  unsigned caller = 0;
  node& hub = net.add("hub", settings());
  node& known = net.add("known", settings());
  std::vector<node*> strangers;

private:
  static peer_settings settings() {
    peer_settings result;
    result.max_message = max_message;
    result.window = 200'000;
    result.large_window = 400'000;
    result.stranger_window = 0; // four messages of the largest size
    result.idle_timeout = 500ms;
    result.backoff_base = 20ms;
    result.backoff_cap = 1s;
    return result;
  }

  random_source random_;
  std::deque<twin_caller> callers_;
};

} // namespace

TEST_CASE("whoever was introduced finds a place among strangers") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed=", seed);
    small_hub uut{seed};
    for (int i = 0; i < 200; ++i) {
      uut.act();
      uut.net.run_for(5ms);
      if (i % 20 == 0)
        uut.check_known();
      uut.check_memory();
    }
    uut.settle();
  }
}

TEST_CASE("an engine that takes nothing does not keep strangers from others") {
  small_hub uut{1};
  uut.hub.rules.max_peers = 100;
  std::vector<std::size_t> sent;
  for (auto* engine : {"never", "now"})
    for (std::size_t i = 0; i < uut.many / 2; ++i) {
      uut.caller = static_cast<unsigned>(sent.size());
      sent.push_back(uut.send(*uut.strangers[uut.caller], engine, 90'000));
      uut.net.run_for(1s);
    }
  for (auto i = uut.many / 2; i < uut.many; ++i)
    CHECK(uut.ref.sent()[sent[i]].outcomes.size() == 1);
  uut.settle();
}

TEST_CASE("nobody waits for those who have left") {
  small_hub uut{1};
  for (int i = 0; i < 100; ++i) {
    uut.caller = static_cast<unsigned>(i) % 8;
    auto& x = *uut.strangers[uut.caller];
    uut.send(x, "now", 90'000);
    // It has begun.
    uut.net.run_until([&] { return x.connected(uut.hub); }, 2s);
    uut.net.run_for(1ms);
    for (auto id : uut.net.between(x, uut.hub))
      uut.net.cut(id);
  }
  uut.net.run_for(1s);
  CHECK(uut.hub.served() <= uut.many);
  uut.settle();
}
