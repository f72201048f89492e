// run --http: status and metrics for browsers and monitoring.

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <list>

#include <doctest/doctest.h>

#include <sys/socket.h>
#include <unistd.h>

#include "tcp.hpp"
#include "tool_node.hpp"

using namespace node_proxy::testing;

namespace {

bool contains(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

/// Sends something and reads everything up to the end.
std::string talk(std::uint16_t port, std::string_view request) {
  auto fd = connect_to(port);
  REQUIRE(fd >= 0);
  std::string result;
  while (!request.empty()) {
    auto sent = ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
    if (sent < 0)
      break;
    request.remove_prefix(static_cast<std::size_t>(sent));
  }
  char buffer[65'536];
  for (;;) {
    auto got = ::recv(fd, buffer, sizeof(buffer), 0);
    // The node closes the connection, now or with a reset.
    REQUIRE_FALSE((got < 0 && errno == EAGAIN));
    if (got <= 0)
      break;
    result.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(fd);
  return result;
}

/// Where a node has HTTP.
std::uint16_t http_port(tool_node& node) {
  constexpr std::string_view before = "HTTP at http://127.0.0.1:";
  REQUIRE(comes_true([&] {
    auto log = node.program().errors();
    auto at = log.find(before);
    return at != std::string::npos && log.find('\n', at) != std::string::npos;
  }));
  auto log = node.program().errors();
  return static_cast<std::uint16_t>(
    std::stoi(log.substr(log.find(before) + before.size())));
}

/// Two connected nodes, of which Alice can be asked over HTTP.
struct two_nodes {
  temporary_folder folder;
  tool_node bob{tool_key{folder, "bob"}, {"--engine", "inbox=print"}};
  std::string socket = folder / "control";
  tool_node alice{tool_key{folder, "alice"},
                  {"--peer", bob.advert(), "--http", "127.0.0.1:0", "--control",
                   socket, "--name", "<b>bob</b>=" + bob.id()}};
  std::uint16_t port = http_port(alice);

  std::string get(const std::string& path,
                  const std::string& host = "localhost") {
    return talk(port,
                "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
  }

  std::string body(const std::string& path) {
    auto answer = get(path);
    REQUIRE(answer.starts_with("HTTP/1.1 200"));
    return answer.substr(answer.find("\r\n\r\n") + 4);
  }
};

} // namespace

TEST_CASE_FIXTURE(two_nodes, "a node shows its status over HTTP") {
  alice.send(bob, "inbox", "hello");
  alice.await("delivered");
  auto status = json::parse(body("/status.json"));
  CHECK(status["node"] == alice.id());
  CHECK(status["peers"][0]["state"] == "connected");
  CHECK(status["peers"][0]["name"] == "<b>bob</b>");
  // That is what the socket says, but for what has changed meanwhile.
  auto other =
    json::parse(run_tool({"status", "--json", "--control", socket}).out);
  for (const auto& [key, value] : other.items())
    CHECK(status.contains(key));
  auto events = json::parse(body("/events.json"));
  CHECK(contains(events.dump(), "\"connected\""));
  CHECK(body("/healthz") == "ok\n");
  CHECK(body("/readyz") == "ok\n");
  CHECK(get("/nothing").starts_with("HTTP/1.1 404"));
}

TEST_CASE_FIXTURE(two_nodes, "metrics are what Prometheus takes") {
  alice.send(bob, "inbox", "hello");
  alice.await("delivered");
  alice.send(bob, "nobody", "hello");
  alice.await("failed");
  auto metrics = body("/metrics");
  CHECK(contains(
    metrics,
    "node_proxy_messages_total{direction=\"out\",outcome=\"delivered\"} 1\n"));
  CHECK(contains(
    metrics,
    "node_proxy_messages_failed_total{reason=\"unknown_engine\"} 1\n"));
  CHECK(contains(metrics, "node_proxy_peers{state=\"connected\"} 1\n"));
  const std::string promtool = "/usr/bin/promtool";
  if (!std::filesystem::exists(promtool)) {
    MESSAGE("promtool is not installed: it does not check the metrics");
    return;
  }
  auto checked = run({promtool, "check", "metrics"}, metrics);
  CHECK_MESSAGE(checked.status == 0, checked.errors);
  CHECK_MESSAGE(checked.errors.empty(), checked.errors);
}

TEST_CASE_FIXTURE(two_nodes, "the page has everything it needs from here") {
  auto page = get("/");
  CHECK(page.starts_with("HTTP/1.1 200"));
  CHECK(contains(page, "Content-Security-Policy: default-src 'none'"));
  CHECK(contains(page, "X-Content-Type-Options: nosniff"));
  CHECK(contains(page, "<script src=\"/page.js\""));
  CHECK_FALSE(contains(page, "http://"));
  CHECK_FALSE(contains(page, "https://"));
  CHECK(contains(body("/page.js"), "textContent"));
  // Nothing becomes HTML that comes from a node.
  CHECK_FALSE(contains(body("/page.js"), "innerHTML"));
  CHECK(contains(body("/page.css"), "prefers-color-scheme"));
}

TEST_CASE_FIXTURE(two_nodes, "nothing but GET, and not much of it, is taken") {
  auto post = talk(port, "POST /status.json HTTP/1.1\r\nHost: localhost\r\n"
                         "Content-Length: 5\r\n\r\nhello");
  CHECK(post.starts_with("HTTP/1.1 405"));
  CHECK(contains(post, "Allow: GET"));
  auto large = talk(port, "GET / HTTP/1.1\r\nX: " + std::string(1u << 20, 'x')
                            + "\r\n\r\n");
  CHECK_FALSE(contains(large, "200 OK"));
  std::string lines = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 100'000; ++i)
    lines += "X: y\r\n";
  CHECK_FALSE(contains(talk(port, lines), "200 OK"));
  static_cast<void>(talk(port, std::string(1'000, '\0') + "\r\n\r\n"));
  CHECK(body("/healthz") == "ok\n");
}

TEST_CASE_FIXTURE(two_nodes, "what names another host is refused") {
  CHECK(get("/status.json", "evil.example").starts_with("HTTP/1.1 403"));
  CHECK(get("/status.json", "192.0.2.1:80").starts_with("HTTP/1.1 403"));
  for (auto host : {"localhost:80", "127.0.0.1", "[::1]:8080"})
    CHECK(get("/status.json", host).starts_with("HTTP/1.1 200"));
}

TEST_CASE_FIXTURE(two_nodes, "slow clients do not keep others away") {
  std::list<tcp_client> slow;
  for (int i = 0; i < 200; ++i)
    slow.emplace_back(port).write("GET / HT");
  // They are closed after a while, and some at once.
  CHECK(
    comes_true([this] { return get("/healthz").starts_with("HTTP/1.1 200"); }));
  // The node itself has not noticed.
  alice.send(bob, "inbox", "hello");
  alice.await("delivered");
  slow.front().read_to_end();
}

TEST_CASE_FIXTURE(two_nodes, "who says nothing does not keep others away") {
  // As many as are answered at a time.
  std::list<tcp_client> silent;
  for (int i = 0; i < 8; ++i)
    silent.emplace_back(port);
  CHECK(get("/healthz").starts_with("HTTP/1.1 200"));
}

TEST_CASE_FIXTURE(two_nodes, "nobody gets an answer many times over") {
  std::string ranges = "Range: bytes=0-";
  while (ranges.size() < 7'000)
    ranges += ",0-";
  for (auto path : {"/metrics", "/", "/nowhere"}) {
    auto plain = get(path);
    auto many = talk(port, "GET " + std::string{path} + " HTTP/1.1\r\n" + ranges
                             + "\r\n\r\n");
    CHECK(many.size() < 2 * plain.size());
    CHECK(many.substr(0, 12) == plain.substr(0, 12));
  }
}

TEST_CASE("everybody's address takes a word for it") {
  temporary_folder folder;
  tool_key key{folder, "key"};
  auto refused = run_tool({"run", "--key", key.file, "--http", "0.0.0.0:0"});
  CHECK(refused.status == 2);
  CHECK(contains(refused.errors, "--http: "));
  CHECK(contains(refused.errors, "--http-public"));
  CHECK(run_tool({"run", "--key", key.file, "--http", "localhost:80"}).status
        == 2);
  tool_node node{key, {"--http", "0.0.0.0:0", "--http-public"}};
  CHECK(comes_true([&] {
    return contains(node.program().errors(), "HTTP at http://0.0.0.0:");
  }));
  node.stop(SIGTERM);
}

TEST_CASE_FIXTURE(two_nodes, "an address that is in use is refused") {
  tool_key key{folder, "key"};
  auto second = run_tool(
    {"run", "--key", key.file, "--http", "127.0.0.1:" + std::to_string(port)});
  CHECK(second.status == 1);
  CHECK(contains(second.errors,
                 std::to_string(port) + ": Address already in use; expected "));
}

TEST_CASE_FIXTURE(two_nodes, "a node ends while clients are there") {
  tcp_client silent{port};
  silent.write("GET / HT");
  alice.stop(SIGTERM);
}

TEST_CASE_FIXTURE(two_nodes, "what happens is streamed") {
  auto fd = connect_to(port);
  std::string_view request = "GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n";
  REQUIRE(::send(fd, request.data(), request.size(), MSG_NOSIGNAL)
          == static_cast<ssize_t>(request.size()));
  std::string got;
  auto await = [&](std::string_view text) {
    char buffer[65'536];
    while (!contains(got, text)) {
      auto size = ::recv(fd, buffer, sizeof(buffer), 0);
      REQUIRE(size > 0);
      got.append(buffer, static_cast<std::size_t>(size));
    }
  };
  await("\r\n\r\n");
  CHECK(got.starts_with("HTTP/1.1 200"));
  CHECK(contains(got, "Content-Type: text/event-stream"));
  // What was, how it is, and what comes.
  await("event: event\ndata: {\"event\":\"listening\"");
  await("event: status\ndata: {\"node\":\"" + alice.id());
  got.clear();
  alice.send(bob, "inbox", "hello");
  await("event: event\ndata: {\"event\":\"connected\"");
  got.clear();
  await("\"state\":\"connected\"");
  ::close(fd);
}

TEST_CASE_FIXTURE(two_nodes, "listeners are bounded, and make room again") {
  std::string_view request = "GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n";
  auto listen = [&] {
    auto fd = connect_to(port);
    REQUIRE(::send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0);
    char first[16] = {};
    REQUIRE(::recv(fd, first, 12, MSG_WAITALL) == 12);
    return std::pair{fd, std::string{first}};
  };
  std::list<int> all;
  for (int i = 0; i < 16; ++i) {
    auto [fd, status] = listen();
    all.push_back(fd);
    CHECK(status == "HTTP/1.1 200");
  }
  // None of them keeps a thread.
  CHECK(get("/healthz").starts_with("HTTP/1.1 200"));
  CHECK(get("/stream").starts_with("HTTP/1.1 503"));
  ::close(all.front());
  all.pop_front();
  CHECK(comes_true([&] {
    auto [fd, status] = listen();
    all.push_back(fd);
    return status == "HTTP/1.1 200";
  }));
  for (auto fd : all)
    ::close(fd);
}

TEST_CASE("a listener that does not read is shed") {
  temporary_folder folder;
  std::vector<std::string> options{"--http", "127.0.0.1:0"};
  // What is told each second is long, so that little of it waits in sockets.
  for (int i = 0; i < 500; ++i)
    options.insert(
      options.end(),
      {"--engine", std::string(200, 'x') + std::to_string(i) + "=print"});
  tool_node node{tool_key{folder, "node"}, options};
  auto port = http_port(node);
  auto pid = node.program().pid();
  auto before = count_descriptors(pid);
  auto fd = connect_to(port);
  std::string_view request = "GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n";
  REQUIRE(::send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0);
  char octet = 0;
  REQUIRE(::recv(fd, &octet, 1, 0) == 1);
  REQUIRE(count_descriptors(pid) > before);
  CHECK(comes_true([&] { return count_descriptors(pid) == before; }));
  ::close(fd);
}
