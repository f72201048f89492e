// run: two nodes talk to each other as a user would have them.

#include <csignal>
#include <filesystem>
#include <memory>

#include <doctest/doctest.h>

#include <sys/resource.h>

#include "tcp.hpp"
#include "tcp_forwarder.hpp"
#include "tool_node.hpp"

using namespace node_proxy::testing;

namespace {

/// Two nodes, of which Alice knows how to reach Bob.
struct alice_and_bob {
  explicit alice_and_bob(
    const std::vector<std::string>& bob_options = {"--engine", "inbox=print"})
    : bob{tool_key{folder, "bob"}, bob_options}, alice{
                                                   tool_key{folder, "alice"},
                                                   {"--peer", bob.advert()}} {}

  temporary_folder folder;
  tool_node bob;
  tool_node alice;
};

} // namespace

TEST_CASE_FIXTURE(alice_and_bob, "typed messages go both ways") {
  alice.send(bob, "inbox", "hello, Bob");
  auto connected = alice.await("connected", {{"node", bob.id()}});
  CHECK(connected["direction"] == "out");
  CHECK(connected["proto_ver"] == 1);
  CHECK(bob.await("connected", {{"node", alice.id()}})["direction"] == "in");
  CHECK(bob.await("received")
        == json{{"event", "received"},
                {"from", alice.id()},
                {"engine", "inbox"},
                {"text", "hello, Bob"}});
  alice.await("delivered", {{"id", 1}});
  // Bob has Alice's address from Alice herself.
  bob.send(alice, "console", "hello, Alice");
  alice.await("received", {{"from", bob.id()}, {"text", "hello, Alice"}});
  bob.await("delivered", {{"id", 1}});
  alice.send(bob, "inbox", "bye");
  alice.await("delivered", {{"id", 2}});
}

TEST_CASE_FIXTURE(alice_and_bob, "payloads arrive as they were typed") {
  alice.send(bob, "inbox", "");
  bob.await("received", {{"text", ""}});
  alice.send(bob, "inbox", "  two blanks, \"quotes\", \xc3\xa9, \\ ");
  bob.await("received", {{"text", "  two blanks, \"quotes\", \xc3\xa9, \\ "}});
  alice.send(bob, "inbox", "\xff\xfe");
  auto binary = bob.await("received");
  CHECK(binary["base64"] == "//4=");
  CHECK(!binary.contains("text"));
  std::string large(8u << 20, 'x');
  alice.send(bob, "inbox", large);
  CHECK(bob.await("received")["text"] == large);
  alice.await("delivered", {{"id", 4}});
}

TEST_CASE_FIXTURE(alice_and_bob, "a message that cannot be delivered fails") {
  alice.send(bob, "nobody", "hello");
  alice.await("failed", {{"id", 1}, {"error", "unknown_engine"}});
  tool_key unknown{folder, "unknown"};
  alice.program().write("send " + unknown.id + " inbox hello\n");
  alice.await("failed", {{"id", 2}, {"error", "unknown_node"}});
  alice.program().write("send 1234 inbox hello\n");
  alice.await("failed", {{"id", 3}, {"error", "malformed"}});
  alice.program().write("send " + bob.id() + "\n");
  alice.await("failed", {{"id", 4}, {"error", "malformed"}});
  alice.program().write("\nnot a command\n");
  alice.send(bob, "inbox", std::string(16u << 20, 'x'));
  auto large = alice.await("failed", {{"id", 5}, {"error", "too_large"}});
  CHECK(large["detail"]
        == "16777216 octets for engine 'inbox' of " + bob.id()
             + " are more than it takes: 16777216 with what goes with a "
               "message, unless it was told otherwise");
  alice.send(bob, "inbox", std::string(20u << 20, 'x'));
  auto longer = alice.await("failed", {{"id", 6}, {"error", "too_large"}});
  CHECK(longer["detail"] == "the line has more than 16842752 octets");
  // Nothing of this was the end of anything.
  alice.send(bob, std::string(256, 'e'), "hello");
  auto bad_name = alice.await("failed", {{"id", 7}, {"error", "malformed"}});
  CHECK(bad_name["detail"]
        == "a name of 256 octets is no engine name: expected 1 to 255 octets "
           "of UTF-8");
  alice.send(bob, "inbox", "hello");
  alice.await("delivered", {{"id", 8}});
  CHECK(alice.program().errors().find("not understood") != std::string::npos);
}

TEST_CASE_FIXTURE(alice_and_bob, "many typed messages arrive in order") {
  constexpr int count = 2'000;
  // What waits between the two is bounded: who types must also read.
  constexpr int at_once = 200;
  for (int i = 0; i < count; i += at_once) {
    std::string lines;
    for (int j = i; j < i + at_once; ++j)
      lines += "send " + bob.id() + " inbox " + std::to_string(j) + "\n";
    alice.program().write(lines);
    for (int j = i; j < i + at_once; ++j)
      CHECK(bob.await("received")["text"] == std::to_string(j));
  }
  alice.await("delivered", {{"id", count}});
}

TEST_CASE_FIXTURE(alice_and_bob, "a node goes on when its input ends") {
  alice.send(bob, "inbox", "hello");
  // The last line needs no line end.
  bob.await("received");
  alice.program().write("send " + bob.id() + " inbox more");
  alice.program().close_input();
  bob.await("received", {{"text", "more"}});
  bob.send(alice, "console", "still there?");
  bob.await("delivered", {{"id", 1}});
  alice.await("received", {{"text", "still there?"}});
}

TEST_CASE_FIXTURE(alice_and_bob, "a signal ends a node in good order") {
  alice.send(bob, "inbox", "hello");
  alice.await("delivered");
  bob.await("received");
  SUBCASE("SIGTERM") {
    alice.stop(SIGTERM);
  }
  SUBCASE("SIGINT") {
    alice.stop(SIGINT);
  }
  // Alice has said goodbye.
  CHECK(bob.await("disconnected", {{"node", alice.id()}})["reason"]
        == "shutdown");
  bob.stop(SIGTERM);
}

TEST_CASE_FIXTURE(alice_and_bob, "a node ends when nobody hears it") {
  alice.program().close_output();
  CHECK(alice.program().wait() == 1);
  CHECK(alice.program().errors().find("standard output") != std::string::npos);
}

TEST_CASE("an address that is in use is refused, and named") {
  temporary_folder folder;
  tool_node first{tool_key{folder, "first"}};
  tool_key second{folder, "second"};
  auto result =
    run_tool({"run", "--key", second.file, "--listen", first.address()});
  CHECK(result.status == 1);
  CHECK(result.out.empty());
  INFO(result.errors);
  CHECK(result.errors.find(first.address().substr(6)) != std::string::npos);
  CHECK(result.errors.find("in_use") != std::string::npos);
}

TEST_CASE("permanent peers are connected at start") {
  temporary_folder folder;
  tool_node bob{tool_key{folder, "bob"}};
  tool_node alice{tool_key{folder, "alice"},
                  {"--peer", bob.advert(), "--permanent"}};
  alice.await("connected", {{"node", bob.id()}});
  bob.await("connected", {{"node", alice.id()}});
  bob.await("advert", {{"node", alice.id()}});
}

TEST_CASE("a node is reached where it says") {
  temporary_folder folder;
  tcp_forwarder network;
  auto address = "tcp://127.0.0.1:" + std::to_string(network.port());
  tool_key bobs{folder, "bob"};
  tool_node bob{bobs, {"--advertise", address}};
  network.redirect(bob.port());
  tool_node alice{tool_key{folder, "alice"},
                  {"--permanent", "--peer", bobs.advertise(address)}};
  alice.await("connected", {{"node", bob.id()}});
  // From now on she goes by what Bob says himself.
  alice.await("advert", {{"node", bob.id()}});
  network.cut();
  alice.await("disconnected", {{"node", bob.id()}});
  alice.await("connected", {{"node", bob.id()}});
  CHECK(network.accepted() == 2);
}

TEST_CASE("what a lost connection had not delivered is sent again") {
  temporary_folder folder;
  tcp_forwarder network;
  auto address = "tcp://127.0.0.1:" + std::to_string(network.port());
  tool_key bobs{folder, "bob"};
  tool_node bob{bobs, {"--advertise", address, "--engine", "inbox=print"}};
  network.redirect(bob.port());
  tool_node alice{tool_key{folder, "alice"},
                  {"--permanent", "--peer", bobs.advertise(address)}};
  alice.await("connected", {{"node", bob.id()}});
  // A message takes seconds.
  network.limit(500'000);
  std::string large(4u << 20, 'x');
  alice.send(bob, "inbox", large);
  REQUIRE(comes_true([&] { return network.taken() > 100'000; }));
  network.cut();
  network.limit(0);
  CHECK(alice.await("resumed")
        == json{{"event", "resumed"}, {"node", bob.id()}, {"resent", 1}});
  CHECK(bob.await("received")["text"] == large);
  alice.await("delivered", {{"id", 1}});
}

TEST_CASE("a connection that is not permanent closes when it is idle") {
  temporary_folder folder;
  tool_node bob{tool_key{folder, "bob"}, {"--engine", "inbox=print"}};
  tool_node alice{tool_key{folder, "alice"},
                  {"--peer", bob.advert(), "--idle", "1"}};
  for (auto text : {"one", "two"}) {
    alice.send(bob, "inbox", text);
    bob.await("received", {{"text", text}});
    CHECK(alice.await("disconnected")["reason"] == "idle");
  }
}

TEST_CASE("who comes back calls those who were connected") {
  temporary_folder folder;
  tool_key hubs{folder, "hub"};
  std::vector<std::string> options{"--state", folder / "state", "--engine",
                                   "inbox=print"};
  auto hub = std::make_unique<tool_node>(hubs, options);
  tool_node leaf{tool_key{folder, "leaf"}, {"--peer", hub->advert()}};
  leaf.send(*hub, "inbox", "one");
  hub->await("received", {{"text", "one"}});
  hub->await("advert", {{"node", leaf.id()}});
  hub->stop(SIGTERM);
  leaf.send(*hub, "inbox", "two");
  // It listens elsewhere now, which nobody knows but itself.
  hub = std::make_unique<tool_node>(hubs, options);
  auto connected = hub->await("connected", {{"node", leaf.id()}});
  CHECK(connected["direction"] == "out");
  hub->await("received", {{"text", "two"}});
  leaf.await("delivered", {{"id", 2}});
}

TEST_CASE("a peer is dialled where it says it is if the operator allows that") {
  temporary_folder folder;
  // It calls from 127.0.0.1.
  auto port = std::to_string(tcp_listener{}.port());
  auto elsewhere = "tcp://127.0.0.2:" + port;
  tool_key leafs{folder, "leaf"};
  tool_node hub{tool_key{folder, "hub"},
                {"--engine", "inbox=print", "--dial-range", "127.0.0.2/32"}};
  {
    tool_node leaf{leafs, {"--peer", hub.advert(), "--advertise", elsewhere}};
    leaf.send(hub, "inbox", "one");
    hub.await("received", {{"text", "one"}});
    hub.await("advert", {{"node", leaf.id()}});
    leaf.stop(SIGTERM);
  }
  hub.await("disconnected", {{"node", leafs.id}});
  tool_node leaf{leafs, {"--engine", "inbox=print", "--listen", elsewhere}};
  hub.send(leaf, "inbox", "two");
  leaf.await("received", {{"text", "two"}});
}

TEST_CASE("what waits for a peer is bounded as an operator says") {
  temporary_folder folder;
  tool_key bob{folder, "bob"};
  auto nowhere = bob.advertise("tcp://127.0.0.1:1");
  tool_node alice{tool_key{folder, "alice"},
                  {"--peer", nowhere, "--outbox-bytes", "10000"}};
  for (auto i = 0; i < 2; ++i)
    alice.program().write("send " + bob.id + " inbox " + std::string(3'000, 'x')
                          + "\n");
  alice.await("failed", {{"id", 2}, {"error", "outbox_full"}});
}

TEST_CASE("a node that tells nobody where it is says so at start") {
  temporary_folder folder;
  tool_key key{folder, "alice"};
  std::vector<std::string> command{
    NODE_PROXY_TOOL, "run", "--key", key.file, "--listen", "tcp://0.0.0.0:0"};
  auto warned = true;
  SUBCASE("it listens at any address") {}
  SUBCASE("it is told what to say") {
    command.insert(command.end(), {"--advertise", "tcp://127.0.0.1:4000"});
    warned = false;
  }
  process alice{command};
  REQUIRE(alice.next_line());
  alice.signal(SIGTERM);
  CHECK(alice.wait() == 0);
  INFO(alice.errors());
  auto has = alice.errors().find("Name the address") != std::string::npos;
  CHECK(has == warned);
}

TEST_CASE("a node that listens nowhere calls others") {
  temporary_folder folder;
  tool_node bob{tool_key{folder, "bob"}, {"--engine", "inbox=echo"}};
  tool_key key{folder, "alice"};
  process alice{
    {NODE_PROXY_TOOL, "run", "--key", key.file, "--peer", bob.advert()}};
  alice.write("send " + bob.id() + " inbox hello\n");
  auto is_reply = [](const std::string& line) {
    auto event = json::parse(line);
    return event["event"] == "received" && event["text"] == "hello";
  };
  for (;;) {
    auto line = alice.next_line();
    REQUIRE_MESSAGE(line, alice.errors());
    if (is_reply(*line))
      break;
  }
  alice.signal(SIGTERM);
  CHECK(alice.wait() == 0);
  CHECK(alice.errors().find("listens nowhere") != std::string::npos);
}

TEST_CASE("who shares a key with another process is told") {
  temporary_folder folder;
  tool_node bob{tool_key{folder, "bob"}};
  tool_key key{folder, "alice"};
  std::vector<std::string> options{"--peer", bob.advert(), "--permanent"};
  tool_node alice{key, options};
  alice.await("connected");
  tool_node twin{key, options};
  twin.await("connected");
  alice.await("key_shared", {{"node", alice.id()}});
  bob.await("key_shared", {{"node", alice.id()}});
  CHECK(comes_true([&] {
    return alice.program().errors().find("with the key of this node")
           != std::string::npos;
  }));
  CHECK(comes_true([&] {
    return bob.program().errors().find("two processes have the key of "
                                       + alice.id())
           != std::string::npos;
  }));
}

TEST_CASE("where a node was met survives what it says of itself") {
  temporary_folder folder;
  tool_key bobs{folder, "bob"};
  tcp_forwarder network;
  // He names an address at which nobody is.
  tool_node bob{
    bobs, {"--advertise", "tcp://127.0.0.1:1", "--engine", "inbox=print"}};
  network.redirect(bob.port());
  auto file =
    bobs.advertise("tcp://127.0.0.1:" + std::to_string(network.port()));
  tool_node alice{tool_key{folder, "alice"}, {"--peer", file, "--idle", "1"}};
  for (auto text : {"one", "two"}) {
    alice.send(bob, "inbox", text);
    bob.await("received", {{"text", text}});
    CHECK(alice.await("disconnected")["reason"] == "idle");
  }
  CHECK(network.accepted() == 2);
}

TEST_CASE("a state directory is for one node at a time") {
  temporary_folder folder;
  auto state = folder / "state";
  tool_key key{folder, "alice"};
  {
    tool_node alice{key, {"--state", state}};
    auto second = run_tool({"run", "--key", key.file, "--listen",
                            "tcp://127.0.0.1:0", "--state", state});
    CHECK(second.status == 1);
    CHECK(second.out.empty());
    INFO(second.errors);
    CHECK(second.errors.find(state + "/state.db") != std::string::npos);
    CHECK(second.errors.find("in use") != std::string::npos);
  }
  // It was killed, and left nothing that is in the way.
  tool_node alice{key, {"--state", state}};
  alice.stop(SIGTERM);
}

TEST_CASE("a damaged state is named, with how to begin anew") {
  temporary_folder folder;
  auto state = folder / "state";
  tool_key key{folder, "alice"};
  tool_node{key, {"--state", state}}.stop(SIGTERM);
  write_text(state + "/state.db", "This is no database.");
  auto uut = run_tool({"run", "--key", key.file, "--state", state});
  CHECK(uut.status == 1);
  INFO(uut.errors);
  CHECK(uut.errors.find(state + "/state.db") != std::string::npos);
  CHECK(uut.errors.find("To begin anew") != std::string::npos);
}

TEST_CASE("a state that is removed meanwhile is written again, and said so") {
  temporary_folder folder;
  auto state = folder / "state";
  tool_key bobs{folder, "bob"};
  tool_node bob{bobs, {"--engine", "inbox=print"}};
  tool_key alices{folder, "alice"};
  {
    tool_node alice{alices, {"--state", state, "--peer", bob.advert()}};
    std::filesystem::remove_all(state);
    alice.send(bob, "inbox", "one");
    alice.await("delivered");
    alice.stop(SIGTERM);
    CHECK(alice.program().errors().find("had been removed")
          != std::string::npos);
  }
  // It knows without being told.
  tool_node alice{alices, {"--state", state}};
  alice.send(bob, "inbox", "two");
  alice.await("delivered");
}

TEST_CASE("policy refuses a node, which is told so") {
  temporary_folder folder;
  tool_key mallory_key{folder, "mallory"};
  tool_key friend_key{folder, "friend"};
  std::vector<std::string> options{"--engine", "inbox=print"};
  SUBCASE("because it is denied") {
    options.insert(options.end(), {"--deny", mallory_key.id});
  }
  SUBCASE("because others are allowed") {
    options.insert(options.end(), {"--allow", friend_key.id});
  }
  tool_node bob{tool_key{folder, "bob"}, options};
  tool_node mallory{mallory_key, {"--peer", bob.advert()}};
  mallory.send(bob, "inbox", "let me in");
  mallory.await("refused",
                {{"node", bob.id()}, {"reason", "denied"}, {"by", "peer"}});
  mallory.await(
    "failed",
    {{"id", 1}, {"error", "denied"}, {"detail", "the peer refuses this node"}});
  bob.await("refused",
            {{"node", mallory.id()}, {"reason", "denied"}, {"by", "here"}});
  // Others come in, and nothing of Mallory's was there before them.
  tool_node welcome{friend_key, {"--peer", bob.advert()}};
  welcome.send(bob, "inbox", "hello");
  CHECK(bob.await("received")["from"] == friend_key.id);
}

TEST_CASE("a node has no more peers than it was told") {
  temporary_folder folder;
  tool_node bob{tool_key{folder, "bob"},
                {"--max-peers", "1", "--engine", "inbox=print"}};
  tool_node first{tool_key{folder, "first"}, {"--peer", bob.advert()}};
  tool_node second{tool_key{folder, "second"}, {"--peer", bob.advert()}};
  first.send(bob, "inbox", "first");
  first.await("delivered");
  second.send(bob, "inbox", "second");
  second.await("refused", {{"node", bob.id()}, {"reason", "over_capacity"}});
  bob.await(
    "refused",
    {{"node", second.id()}, {"reason", "over_capacity"}, {"by", "here"}});
  // This is for a time only.
  first.stop(SIGTERM);
  second.await("delivered", {{"id", 1}});
}

TEST_CASE("a node has as many descriptors as it may") {
  rlimit usual{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &usual) == 0);
  auto few = usual;
  few.rlim_cur = 100;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  temporary_folder folder;
  tool_node bob{tool_key{folder, "bob"}};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &usual) == 0);
  rlimit bobs{};
  auto pid = bob.program().pid();
  REQUIRE(::prlimit(pid, RLIMIT_NOFILE, nullptr, &bobs) == 0);
  CHECK(bobs.rlim_cur == usual.rlim_max);
}

TEST_CASE("an echo engine sends back, a count engine counts") {
  alice_and_bob nodes{{"--engine", "echo=echo", "--engine", "sum=count"}};
  auto& [folder, bob, alice] = nodes;
  alice.send(bob, "echo", "hello?");
  alice.await("received",
              {{"from", bob.id()}, {"engine", "console"}, {"text", "hello?"}});
  alice.await("delivered", {{"id", 1}});
  for (const auto* text : {"one", "two", "three"})
    alice.send(bob, "sum", text);
  alice.await("delivered", {{"id", 4}});
  json totals{{"engine", "sum"}, {"messages", 3}, {"bytes", 11}};
  bob.await("count", totals);
  auto last = bob.stop(SIGTERM);
  CHECK(std::any_of(last.begin(), last.end(), [](const json& event) {
    return event["event"] == "count" && event["messages"] == 3;
  }));
}

TEST_CASE("nothing of a message can be read on the way") {
  temporary_folder folder;
  tool_key bob_key{folder, "bob"};
  tool_node bob{bob_key, {"--engine", "secret-inbox=print"}};
  tcp_recorder between{bob.port()};
  auto advert =
    bob_key.advertise("tcp://127.0.0.1:" + std::to_string(between.port()));
  tool_node alice{tool_key{folder, "alice"}, {"--peer", advert}};
  const std::string marker = "nobody else may read this";
  alice.send(bob, "secret-inbox", marker + std::string(100'000, 'x'));
  bob.await("received");
  alice.await("delivered", {{"id", 1}});
  bob.send(alice, "console", marker);
  bob.await("delivered", {{"id", 1}});
  alice.stop(SIGTERM);
  const auto& recording = between.recording();
  CHECK(recording.size() > 100'000);
  CHECK(recording.find(marker) == std::string::npos);
  CHECK(recording.find("secret-inbox") == std::string::npos);
  CHECK(recording.find(std::string(16, 'x')) == std::string::npos);
}

TEST_CASE("there are no core dumps of a node with its memory in them") {
  temporary_folder folder;
  tool_node alice{tool_key{folder, "alice"}};
  auto process = "/proc/" + std::to_string(alice.program().pid());
  CHECK(read_text(process + "/coredump_filter") == "00000000\n");
  auto limits = read_text(process + "/limits");
  auto line = limits.substr(limits.find("Max core file size"));
  CHECK(line.substr(0, line.find("bytes")).find_first_of("123456789u")
        == std::string::npos);
  CHECK(count_descriptors(alice.program().pid()) > 0);
}
