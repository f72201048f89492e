// What clients of the control socket are told.

#include <doctest/doctest.h>

#include <poll.h>

#include "control_reply.hpp"

using namespace node_proxy::tools;

namespace {

struct fixture {
  std::shared_ptr<wakeup> changed = std::make_shared<wakeup>();
  control_reply uut{changed};

  bool woken() {
    pollfd fd{changed->fd(), POLLIN, 0};
    auto result = ::poll(&fd, 1, 0) == 1;
    changed->clear();
    return result;
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "lines come as they are added") {
  CHECK(uut.add("one"));
  CHECK(woken());
  CHECK(uut.add("two"));
  CHECK(uut.take() == "one\ntwo\n");
  CHECK(uut.take().empty());
  CHECK_FALSE(uut.finished());
  uut.finish("three");
  CHECK(woken());
  CHECK_FALSE(uut.finished());
  CHECK(uut.take() == "three\n");
  CHECK(uut.finished());
  CHECK_FALSE(uut.add("four"));
}

TEST_CASE_FIXTURE(fixture, "whoever does not read is given up") {
  std::string line(1'000, 'x');
  std::size_t taken = 0;
  while (uut.add(line))
    REQUIRE(++taken < 2'000);
  CHECK(taken == 1'047);
  CHECK(uut.overrun());
  CHECK_FALSE(uut.add("more"));
}

TEST_CASE_FIXTURE(fixture, "one line may be long") {
  std::string line(2 * control_reply::max_waiting, 'x');
  CHECK(uut.add(line));
  CHECK_FALSE(uut.overrun());
  CHECK(uut.take().size() == line.size() + 1);
}

TEST_CASE_FIXTURE(fixture, "nothing is added for whoever has gone") {
  uut.follow();
  CHECK(uut.follows());
  CHECK(uut.add("before"));
  CHECK_FALSE(uut.closed());
  uut.close();
  CHECK(uut.closed());
  CHECK_FALSE(uut.add("line"));
  CHECK(uut.take().empty());
}
