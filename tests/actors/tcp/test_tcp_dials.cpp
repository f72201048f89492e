// How many dials of a transport go on at once, and which come next.

#include <optional>
#include <utility>

#include <node_proxy/actors/caf/sending.hpp>

#include "actors/proxy/raw_peer.hpp"
#include "actors/transport/transport_fixture.hpp"

using namespace test;

namespace {

/// A transport with this budget.
struct budget_fixture : transport_fixture {
  explicit budget_fixture(std::size_t most = 1)
    : uut{spawn_tcp_transport(system, loops.front(), most)} {}

  ~budget_fixture() {
    caf::anon_send_exit(uut, caf::exit_reason::user_shutdown);
  }

  static dial dial_to(const tcp_addr& address, attempt_id attempt = 1,
                      peer_standing standing = peer_standing::introduced) {
    dial result{address, patience};
    result.standing = standing;
    result.attempt = attempt;
    return result;
  }

  /// Returns when the transport has handled what was sent to it before.
  void settle_uut() {
    static_cast<void>(
      ask<listening_stopped>(uut, stop_listening{local_host(1)}));
  }

  transport_actor uut;
};

/// Somebody who dials, and gets the answer later.
class asker {
public:
  asker(caf::actor_system& system, transport_actor transport)
    : self{system}, transport_{std::move(transport)} {}

  auto begin(dial what) {
    return self->request(transport_, patience, std::move(what));
  }

  void stop(attempt_id attempt) {
    send_message(&*self, transport_, stop_dialling{attempt});
  }

  caf::scoped_actor self;

private:
  transport_actor transport_;
};

/// Waits for an answer: the connection, or the code of the error.
template <class Pending>
std::pair<connection_ptr, std::optional<errc>> answer_of(Pending&& pending) {
  std::pair<connection_ptr, std::optional<errc>> result;
  pending.receive([&](dialled& x) { result.first = x.connection; },
                  [&](caf::error& error) { result.second = code_of(error); });
  return result;
}

} // namespace

TEST_CASE_FIXTURE(budget_fixture, "a dial waits until another one has ended") {
  full_listener silent;
  raw_listener there{local_host(0)};
  asker first{system, uut};
  asker second{system, uut};
  auto before = open_descriptors();
  auto waits = first.begin(dial_to(silent.address(), 7));
  auto next = second.begin(dial_to(there.address()));
  settle_uut();
  CHECK_FALSE(there.has_caller());
  CHECK(open_descriptors() == before + 1);
  // It is not this one.
  first.stop(8);
  second.stop(7);
  settle_uut();
  CHECK_FALSE(there.has_caller());
  first.stop(7);
  CHECK(answer_of(waits).second == errc::connection_closed);
  CHECK(answer_of(next).first);
}

TEST_CASE_FIXTURE(budget_fixture, "a dial counts until the peer is proven") {
  raw_listener there{local_host(0)};
  asker one{system, uut};
  auto got = answer_of(one.begin(dial_to(there.address())));
  REQUIRE(got.first);
  auto next = one.begin(dial_to(there.address(), 2));
  settle_uut();
  static_cast<void>(there.accept());
  CHECK_FALSE(there.has_caller());
  SUBCASE("and says so") {
    got.first->begin_stream();
  }
  SUBCASE("or the connection is closed") {
    got.first->close();
  }
  SUBCASE("or is lost") {
    got.first.reset();
  }
  CHECK(answer_of(next).first);
}

TEST_CASE_FIXTURE(budget_fixture, "a dial that fails makes room for the next") {
  full_listener silent;
  raw_listener there{local_host(0)};
  asker one{system, uut};
  auto what = dial_to(silent.address());
  what.timeout = std::chrono::milliseconds{20};
  auto fails = one.begin(what);
  auto next = one.begin(dial_to(there.address(), 2));
  CHECK(answer_of(fails).second == errc::timed_out);
  CHECK(answer_of(next).first);
}

TEST_CASE_FIXTURE(budget_fixture, "the dials of who has ended go with him") {
  full_listener silent;
  raw_listener there{local_host(0)};
  auto before = open_descriptors();
  asker other{system, uut};
  {
    asker one{system, uut};
    static_cast<void>(one.begin(dial_to(silent.address(), 1)));
    static_cast<void>(one.begin(dial_to(silent.address(), 2)));
    settle_uut();
    CHECK(open_descriptors() == before + 1);
  }
  CHECK(answer_of(other.begin(dial_to(there.address()))).first);
}

TEST_CASE_FIXTURE(budget_fixture, "a stranger who is not there gives way") {
  full_listener silent;
  raw_listener there{local_host(0, 2)};
  asker one{system, uut};
  auto first = one.begin(dial_to(silent.address(), 1, peer_standing::guest));
  auto second = one.begin(dial_to(there.address(), 2, peer_standing::guest));
  CHECK(answer_of(first).second == errc::timed_out);
  CHECK(answer_of(second).first);
}

TEST_CASE_FIXTURE(budget_fixture, "what waits ends with the transport") {
  full_listener silent;
  asker one{system, uut};
  auto first = one.begin(dial_to(silent.address(), 1));
  auto second = one.begin(dial_to(silent.address(), 2));
  caf::anon_send_exit(uut, caf::exit_reason::user_shutdown);
  CHECK(answer_of(first).second == errc::shutting_down);
  CHECK(answer_of(second).second == errc::shutting_down);
}
