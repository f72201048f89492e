// What a node does with whoever does not speak its protocol: it closes the
// connection, says nothing, and goes on as before.

#include <chrono>
#include <list>

#include <doctest/doctest.h>
#include <sys/resource.h>

#include "tcp.hpp"
#include "tool_node.hpp"

using namespace node_proxy::testing;

namespace {

/// A node that others misbehave towards, and a good one.
struct attacked_node {
  attacked_node()
    : bob{tool_key{folder, "bob"}, {"--engine", "inbox=print"}},
      alice{tool_key{folder, "alice"}, {"--peer", bob.advert()}} {
    check_good_order();
    descriptors = count_descriptors(bob.program().pid());
    memory = peak_memory(bob.program().pid());
  }

  /// Bob still takes messages.
  void check_good_order() {
    alice.send(bob, "inbox", "hello");
    bob.await("received", {{"from", alice.id()}});
    alice.await("delivered");
  }

  /// Bob has what he had before, and serves others.
  void check_unharmed() {
    auto pid = bob.program().pid();
    CHECK(comes_true([&] { return count_descriptors(pid) <= descriptors; }));
    CHECK(peak_memory(pid) < memory + 32 * 1024);
    check_good_order();
  }

  temporary_folder folder;
  tool_node bob;
  tool_node alice;
  std::size_t descriptors = 0;
  std::size_t memory = 0;
};

/// The defaults of `peer_settings`.
constexpr std::chrono::seconds first_frame_timeout{2};
constexpr std::chrono::seconds handshake_timeout{5};

/// Writes `data` and waits for the end of the connection. How long it took.
std::chrono::duration<double> time_to_close(std::uint16_t port,
                                            std::string_view data) {
  auto start = std::chrono::steady_clock::now();
  tcp_client client{port};
  client.write(data);
  // Whoever has not shown to know the node's id gets no octet.
  CHECK(client.read_to_end() == 0);
  return std::chrono::steady_clock::now() - start;
}

std::string frame(std::string_view body) {
  auto size = body.size();
  std::string result;
  for (int i = 0; i < 4; ++i)
    result += static_cast<char>(size >> (8 * i) & 0xff);
  result += body;
  return result;
}

} // namespace

TEST_CASE_FIXTURE(attacked_node, "garbage on the port") {
  for (const auto& garbage :
       {std::string{"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"},
        std::string(100'000, '\xaa'), frame("hello"),
        frame(std::string("\0", 1) + std::string(200, 'x')),
        frame(std::string("\2", 1) + std::string(200, 'x'))}) {
    auto took = time_to_close(bob.port(), garbage);
    CHECK(took < first_frame_timeout);
  }
  check_unharmed();
}

TEST_CASE_FIXTURE(attacked_node, "lengths that no frame has") {
  for (const auto& length : {std::string(4, '\xff'), std::string(4, '\0'),
                             std::string{"\x01\x10\x00\x00", 4}}) {
    auto took = time_to_close(bob.port(), length);
    CHECK(took < first_frame_timeout);
  }
  check_unharmed();
}

TEST_CASE_FIXTURE(attacked_node, "half a frame and then silence") {
  auto half = frame(std::string(200, 'x')).substr(0, 100);
  auto took = time_to_close(bob.port(), half);
  CHECK(took >= first_frame_timeout);
  CHECK(took < handshake_timeout);
  check_unharmed();
}

TEST_CASE_FIXTURE(attacked_node, "silence from the beginning") {
  CHECK(time_to_close(bob.port(), "") >= first_frame_timeout);
  check_unharmed();
}

TEST_CASE_FIXTURE(attacked_node, "many that come and go") {
  for (int i = 0; i < 200; ++i) {
    tcp_client client{bob.port()};
    client.write(frame(std::string(100, 'x')));
  }
  check_unharmed();
}

TEST_CASE("strangers take descriptors from nobody else") {
  temporary_folder folder;
  tool_node alice{tool_key{folder, "alice"}, {"--engine", "inbox=print"}};
  tool_node bob{tool_key{folder, "bob"},
                {"--peer", alice.advert(), "--engine", "inbox=print"}};
  tool_node carol{tool_key{folder, "carol"}, {"--peer", bob.advert()}};
  auto pid = bob.program().pid();
  auto limit = count_descriptors(pid) + 32;
  rlimit few{limit, limit};
  REQUIRE(::prlimit(pid, RLIMIT_NOFILE, &few, nullptr) == 0);
  std::list<tcp_client> strangers;
  for (int i = 0; i < 200; ++i)
    strangers.emplace_back(bob.port());
  auto begun = std::chrono::steady_clock::now();
  // Bob is dialled, and he dials.
  carol.send(bob, "inbox", "hello");
  carol.await("delivered");
  bob.send(alice, "inbox", "hello");
  bob.await("delivered");
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds{1});
}
