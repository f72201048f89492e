// Whoever connects to the control socket of a node.

#include <doctest/doctest.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include <sys/socket.h>

#include "control_server.hpp"
#include "support/comes_true.hpp"
#include "support/temporary_folder.hpp"

using namespace node_proxy::tools;

namespace {

struct fixture {
  node_proxy::testing::temporary_folder folder;
  std::string path = folder / "control";
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<control_reply_ptr> followers;
  control_server uut{
    *unix_listener::open(path),
    [this](std::string_view request, const control_reply_ptr& reply) {
      if (request == "follow")
        keep(reply);
      else
        reply->finish("answer to " + std::string{request});
    }};

  void keep(const control_reply_ptr& reply) {
    reply->follow();
    std::lock_guard guard{mutex};
    followers.push_back(reply);
    changed.notify_one();
  }

  /// Waits for one that follows.
  control_reply_ptr next_follower() {
    std::unique_lock guard{mutex};
    REQUIRE(changed.wait_for(guard, std::chrono::seconds{30},
                             [this] { return !followers.empty(); }));
    auto result = followers.back();
    followers.pop_back();
    return result;
  }

  node_proxy::internal::descriptor ask(std::string_view line) {
    auto fd = connect_to(path);
    REQUIRE(fd);
    REQUIRE(::send(fd->get(), line.data(), line.size(), MSG_NOSIGNAL)
            == static_cast<ssize_t>(line.size()));
    return std::move(*fd);
  }

  /// Everything up to the end.
  static std::string read(const node_proxy::internal::descriptor& fd) {
    std::string result;
    char buffer[65'536];
    for (;;) {
      auto got = ::recv(fd.get(), buffer, sizeof(buffer), 0);
      if (got <= 0)
        return result;
      result.append(buffer, static_cast<std::size_t>(got));
    }
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a line is answered") {
  CHECK(read(ask("one\n")) == "answer to one\n");
}

TEST_CASE_FIXTURE(fixture, "one that follows gets what comes, as it reads") {
  auto client = ask("follow\n");
  auto reply = next_follower();
  CHECK(reply->add("first"));
  char buffer[6];
  REQUIRE(::recv(client.get(), buffer, sizeof(buffer), MSG_WAITALL) == 6);
  CHECK(std::string(buffer, 6) == "first\n");
  reply->finish("last");
  CHECK(read(client) == "last\n");
}

TEST_CASE_FIXTURE(fixture, "one that follows and does not read is cut off") {
  auto client = ask("follow\n");
  auto reply = next_follower();
  std::string line(1'000, 'x');
  std::size_t taken = 0;
  while (reply->add(line))
    REQUIRE(++taken < 1'000'000);
  // Others are served meanwhile, and it comes to its end.
  CHECK(read(ask("two\n")) == "answer to two\n");
  CHECK(read(client).size() < (taken + 1) * (line.size() + 1));
}

TEST_CASE_FIXTURE(fixture, "one that has gone is told nothing any more") {
  control_reply_ptr reply;
  {
    auto client = ask("follow\n");
    reply = next_follower();
  }
  // The server finds that out by itself.
  CHECK(test::comes_true([&] { return !reply->add("line"); }));
  CHECK_FALSE(reply->overrun());
}

TEST_CASE_FIXTURE(fixture, "no more follow than there is room for") {
  std::vector<node_proxy::internal::descriptor> clients;
  for (std::size_t i = 0; i < control_server::max_followers; ++i) {
    clients.push_back(ask("follow\n"));
    static_cast<void>(next_follower());
  }
  CHECK(read(ask("follow\n")).find("too many") != std::string::npos);
  CHECK(read(ask("three\n")) == "answer to three\n");
}
