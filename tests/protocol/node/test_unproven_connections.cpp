#include <node_proxy/protocol/node/unproven_connections.hpp>

#include <string>

#include <doctest/doctest.h>

using namespace node_proxy;
using namespace node_proxy::internal;
using namespace std::chrono_literals;

namespace {

constexpr node_id alice{{std::byte{1}}};
constexpr node_id bob{{std::byte{2}}};

struct fixture {
  static constexpr std::size_t places = 64;
  // Of those in each of the first three crowds, and of strangers in the last.
  static constexpr std::size_t few = 8;
  static constexpr std::size_t many = 32;
  // Of known peers in each of theirs.
  static constexpr std::size_t known_places = 4;

  connection_id open(std::uint64_t source) {
    uut.handle_opened(++last, {source}, now);
    return last;
  }

  /// Its first frame is there.
  connection_id call(std::uint64_t source) {
    auto id = open(source);
    uut.handle_first_frame(id, now);
    return id;
  }

  /// That was read, too.
  connection_id call_by_name(std::uint64_t source, const node_id& who,
                             bool known) {
    auto id = call(source);
    REQUIRE(work() == "read " + std::to_string(id));
    uut.handle_named(id, who, known, now);
    return id;
  }

  connection_id answered(std::uint64_t source, const node_id& who, bool known) {
    auto id = call_by_name(source, who, known);
    REQUIRE(work() == "answer " + std::to_string(id));
    uut.handle_answered(id, now);
    return id;
  }

  /// What to do next.
  std::string work() {
    auto next = uut.poll_work(now);
    if (!next)
      return "";
    auto what = next->what == handshake_work::half::read ? "read " : "answer ";
    return what + std::to_string(next->connection);
  }

  /// Who is to be closed, one after the other.
  std::string ends() {
    std::string result;
    while (auto x = uut.poll_end())
      result += std::to_string(x->connection) + ' '
                + std::string{to_string(x->reason)} + ' ';
    return result;
  }

  /// Lets time pass.
  std::string ends_after(duration time) {
    now += time;
    uut.handle_timeout(now);
    return ends();
  }

  peer_settings settings;
  unproven_connections uut{places, settings};
  steady_time now = 1'000s;
  connection_id last = 0;
};

/// All places of strangers that were answered are taken.
struct full_fixture : fixture {
  full_fixture() {
    while (last < many)
      answered(last + 1, alice, false);
  }
};

} // namespace

// -- time ---------------------------------------------------------------------

TEST_CASE_FIXTURE(fixture, "the first frame has to come soon") {
  auto silent = open(1);
  auto calling = call(1);
  CHECK(uut.poll_timeout() == now + settings.first_frame_timeout);
  CHECK(ends_after(settings.first_frame_timeout - 1ns) == "");
  CHECK(ends_after(1ns) == std::to_string(silent) + " first_frame_timeout ");
  auto rest = settings.handshake_timeout - settings.first_frame_timeout;
  CHECK(uut.poll_timeout() == now + rest);
  CHECK(ends_after(rest - 1ns) == "");
  CHECK(ends_after(1ns) == std::to_string(calling) + " handshake_timeout ");
  CHECK(uut.size() == 0);
  CHECK(uut.poll_timeout() == std::nullopt);
}

TEST_CASE_FIXTURE(fixture, "a handshake has its time from the beginning on") {
  open(1);
  now += 1s;
  uut.handle_first_frame(last, now);
  now += 1s;
  REQUIRE(work() == "read 1");
  SUBCASE("while it is read") {}
  SUBCASE("while it waits for an answer") {
    uut.handle_named(last, alice, true, now);
  }
  SUBCASE("while it is answered") {
    uut.handle_named(last, alice, false, now);
    REQUIRE(work() == "answer 1");
  }
  SUBCASE("after that") {
    uut.handle_named(last, alice, false, now);
    REQUIRE(work() == "answer 1");
    uut.handle_answered(last, now);
  }
  CHECK(ends_after(settings.handshake_timeout - 2s - 1ns) == "");
  CHECK(ends_after(1ns) == "1 handshake_timeout ");
  CHECK(work() == "");
}

TEST_CASE_FIXTURE(fixture, "the first frame has no more time than all of it") {
  settings.handshake_timeout = 1s;
  open(1);
  CHECK(uut.poll_timeout() == now + 1s);
}

TEST_CASE_FIXTURE(fixture, "who has proven himself or left is forgotten") {
  answered(1, bob, false);
  call_by_name(1, alice, true);
  call(1);
  open(1);
  while (last > 0)
    uut.handle_closed(last--);
  CHECK(uut.size() == 0);
  CHECK(work() == "");
  CHECK(uut.poll_timeout() == std::nullopt);
  CHECK(ends_after(1h) == "");
}

// -- places -------------------------------------------------------------------

TEST_CASE_FIXTURE(fixture, "the oldest silent one makes room for a newcomer") {
  for (std::size_t i = 0; i < few; ++i)
    open(1);
  CHECK(ends() == "");
  open(1);
  CHECK(ends() == "1 made_room ");
  open(2);
  CHECK(ends() == "2 made_room ");
}

TEST_CASE_FIXTURE(fixture, "masses from one address hold up no other one") {
  open(2);
  for (int i = 0; i < 1'000; ++i)
    open(1);
  uut.handle_first_frame(1, now);
  CHECK(work() == "read 1");
}

TEST_CASE_FIXTURE(fixture, "those who are silent push out nobody else") {
  answered(1, bob, false);
  call_by_name(1, alice, true);
  call(1);
  for (int i = 0; i < 1'000; ++i)
    open(1);
  CHECK(uut.size() == 3 + few);
  for (connection_id id = 1; id <= 3; ++id)
    uut.handle_closed(id);
  CHECK(uut.size() == few);
}

TEST_CASE_FIXTURE(fixture, "those who call push out nobody who is silent") {
  open(1);
  for (std::uint64_t i = 0; i < 1'000; ++i)
    call(i);
  CHECK(uut.size() == 1 + few);
  uut.handle_first_frame(1, now);
  CHECK(uut.size() == few);
}

TEST_CASE_FIXTURE(fixture, "of those who wait to be read the oldest goes") {
  for (std::size_t i = 0; i <= few; ++i)
    call(1);
  CHECK(ends() == "1 made_room ");
}

TEST_CASE_FIXTURE(full_fixture, "of those who wait to be answered, too") {
  for (std::size_t i = 0; i <= few; ++i)
    call_by_name(1, bob, false);
  CHECK(ends() == "33 made_room ");
}

TEST_CASE_FIXTURE(full_fixture, "and of those who were answered") {
  now += unproven_connections::proof_time;
  answered(1, bob, false);
  CHECK(ends() == "1 made_room ");
  answered(40, bob, false);
  CHECK(ends() == "2 made_room ");
  answered(40, bob, false);
  CHECK(ends() == "3 made_room ");
  // This source has more than others now.
  now += unproven_connections::proof_time;
  answered(41, bob, false);
  CHECK(ends() == "34 made_room ");
}

TEST_CASE_FIXTURE(fixture, "few places are as many as there have to be") {
  unproven_connections small{0, settings};
  small.handle_opened(1, {1}, now);
  small.handle_opened(2, {1}, now);
  CHECK(small.poll_end() == std::nullopt);
  small.handle_first_frame(1, now);
  CHECK(small.poll_work(now)->connection == 1);
}

// -- what a handshake costs ---------------------------------------------------

TEST_CASE_FIXTURE(fixture, "there is work as soon as a first frame is there") {
  CHECK(work() == "");
  open(1);
  CHECK(work() == "");
  uut.handle_first_frame(1, now);
  CHECK(work() == "read 1");
  CHECK(work() == "");
  uut.handle_named(1, alice, false, now);
  CHECK(work() == "answer 1");
  CHECK(work() == "");
  uut.handle_answered(1, now);
  CHECK(work() == "");
}

TEST_CASE_FIXTURE(fixture, "sources take turns") {
  call(1);
  call(1);
  call(1);
  call(2);
  CHECK(work() == "read 1");
  CHECK(work() == "read 4");
  CHECK(work() == "read 2");
  CHECK(work() == "read 3");
}

TEST_CASE_FIXTURE(fixture, "those come first whose source has done no harm") {
  answered(1, bob, false);
  call(1);
  call(1);
  call(2);
  CHECK(work() == "read 4");
  CHECK(work() == "read 2");
  CHECK(work() == "read 3");
  for (connection_id id : {2u, 3u, 4u})
    uut.handle_named(id, bob, false, now);
  CHECK(work() == "answer 4");
  CHECK(work() == "answer 2");
}

TEST_CASE_FIXTURE(fixture, "known peers, strangers and newcomers take turns") {
  for (connection_id id = 1; id <= 3; ++id) {
    call(1);
    REQUIRE(work() == "read " + std::to_string(id));
  }
  uut.handle_named(1, alice, true, now);
  uut.handle_named(2, bob, false, now);
  uut.handle_named(3, alice, true, now);
  call(1);
  call(1);
  CHECK(work() == "answer 1");
  CHECK(work() == "answer 2");
  CHECK(work() == "read 4");
  CHECK(work() == "answer 3");
  CHECK(work() == "read 5");
}

TEST_CASE_FIXTURE(full_fixture, "who was answered has time to prove himself") {
  call_by_name(1, bob, false);
  CHECK(work() == "");
  CHECK(uut.poll_timeout() == now + unproven_connections::proof_time);
  now += unproven_connections::proof_time - 1ns;
  CHECK(work() == "");
  now += 1ns;
  CHECK(work() == "answer 33");
  CHECK(ends() == "1 made_room ");
  CHECK(uut.poll_timeout() > now + 1s);
}

TEST_CASE_FIXTURE(full_fixture, "whoever proves himself makes room at once") {
  call_by_name(1, bob, false);
  REQUIRE(work() == "");
  uut.handle_closed(1);
  CHECK(work() == "answer 33");
  CHECK(ends() == "");
}

TEST_CASE_FIXTURE(full_fixture, "a place is kept for who is being answered") {
  uut.handle_closed(1);
  auto first = call_by_name(1, bob, false);
  REQUIRE(work() == "answer 33");
  call_by_name(1, bob, false);
  CHECK(work() == "");
  SUBCASE("until it is refused") {
    uut.handle_closed(first);
  }
  SUBCASE("until it has had its time") {
    uut.handle_answered(first, now);
    CHECK(work() == "");
    now += unproven_connections::proof_time;
  }
  CHECK(work() == "answer 34");
}

TEST_CASE_FIXTURE(full_fixture, "who waits in vain does not wake anybody up") {
  auto id = call_by_name(1, bob, false);
  REQUIRE(work() == "");
  uut.handle_closed(id);
  CHECK(work() == "");
  CHECK(uut.poll_timeout() > now + 1s);
}

// -- known peers --------------------------------------------------------------

TEST_CASE_FIXTURE(full_fixture, "a known peer does not wait for strangers") {
  call_by_name(1, bob, false);
  REQUIRE(work() == "");
  answered(1, alice, true);
  CHECK(ends() == "");
}

TEST_CASE_FIXTURE(fixture, "strangers do not take the places of known peers") {
  auto known = answered(1, alice, true);
  auto waiting = call_by_name(1, alice, true);
  for (int i = 0; i < 100; ++i) {
    auto id = call(1);
    for (auto next = work(); !next.empty(); next = work())
      if (next == "read " + std::to_string(id))
        uut.handle_named(id, bob, false, now);
    uut.handle_answered(id, now);
    now += unproven_connections::proof_time / 4;
  }
  auto before = uut.size();
  uut.handle_closed(known);
  uut.handle_closed(waiting);
  CHECK(uut.size() == before - 2);
}

TEST_CASE_FIXTURE(fixture, "replays take places of the peer that they name") {
  auto bobs = answered(1, bob, true);
  for (std::size_t i = 1; i < known_places; ++i)
    answered(1, alice, true);
  auto last = call_by_name(1, alice, true);
  CHECK(work() == "");
  CHECK(uut.poll_timeout() == now + unproven_connections::proof_time);
  now += unproven_connections::proof_time;
  CHECK(work() == "answer " + std::to_string(last));
  CHECK(ends() == std::to_string(bobs + 1) + " made_room ");
}

TEST_CASE_FIXTURE(fixture, "replays from elsewhere do not keep a peer out") {
  constexpr std::uint64_t elsewhere = 1;
  constexpr std::uint64_t home = 2;
  // More than all places in the time that a proof takes.
  constexpr auto pause = unproven_connections::proof_time / (4 * known_places);
  auto replay = [&] {
    call(elsewhere);
    for (auto next = work(); !next.empty(); next = work()) {
      auto id = std::stoull(next.substr(next.find(' ')));
      if (next.starts_with("read"))
        uut.handle_named(id, alice, true, now);
      else
        uut.handle_answered(id, now);
    }
    now += pause;
  };
  for (std::size_t i = 0; i < 8 * known_places; ++i)
    replay();
  static_cast<void>(ends());
  auto real = call(home);
  // It is answered after this time at most, and has this time then.
  auto until = now + 2 * unproven_connections::proof_time;
  while (now < until)
    replay();
  CHECK((' ' + ends()).find(' ' + std::to_string(real) + ' ')
        == std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "so do those that wait for an answer") {
  for (connection_id id = 1; id <= known_places + 1; ++id) {
    call(1);
    REQUIRE(work() == "read " + std::to_string(id));
  }
  uut.handle_named(1, bob, true, now);
  for (connection_id id = 2; id <= known_places + 1; ++id)
    uut.handle_named(id, alice, true, now);
  CHECK(ends() == "2 made_room ");
}

TEST_CASE_FIXTURE(fixture, "known peers take turns") {
  for (connection_id id = 1; id < 4; ++id) {
    call(1);
    REQUIRE(work() == "read " + std::to_string(id));
  }
  uut.handle_named(1, alice, true, now);
  uut.handle_named(2, alice, true, now);
  uut.handle_named(3, bob, true, now);
  CHECK(work() == "answer 1");
  CHECK(work() == "answer 3");
  CHECK(work() == "answer 2");
}

// -- when there are no descriptors --------------------------------------------

TEST_CASE_FIXTURE(fixture, "without descriptors the fullest crowd makes room") {
  for (int i = 0; i < 3; ++i)
    open(1);
  for (int i = 0; i < 4; ++i)
    call(1);
  uut.handle_shortage();
  CHECK(ends() == "4 made_room ");
  uut.handle_shortage();
  CHECK(ends() == "1 made_room ");
}

TEST_CASE_FIXTURE(full_fixture, "even if it was answered only now") {
  uut.handle_shortage();
  CHECK(ends() == "1 made_room ");
}

TEST_CASE_FIXTURE(fixture, "known peers make no room") {
  answered(1, alice, true);
  uut.handle_shortage();
  CHECK(ends() == "");
}

// -- what comes too late ------------------------------------------------------

TEST_CASE_FIXTURE(fixture, "what is said of one that has ended means nothing") {
  open(1);
  ends_after(1h);
  uut.handle_first_frame(1, now);
  uut.handle_named(1, alice, true, now);
  uut.handle_answered(1, now);
  uut.handle_closed(1);
  CHECK(uut.size() == 0);
  CHECK(work() == "");
}
