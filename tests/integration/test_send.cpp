// send: one-off messages to an engine of another node.

#include <fstream>

#include <doctest/doctest.h>

#include "tcp.hpp"
#include "tool_node.hpp"

using namespace node_proxy::testing;

namespace {

/// A node that receives, and a key to send with.
struct receiver {
  receiver()
    : key{folder, "bob"}, bob{key,
                              {"--engine", "inbox=print", "--engine",
                               "sum=count"}},
      sender{folder, "alice"} {}

  run_result send(std::vector<std::string> options,
                  std::string_view input = {}) {
    return send_to(bob.advert(), std::move(options), input);
  }

  run_result send_to(const std::string& advert,
                     std::vector<std::string> options,
                     std::string_view input = {}) {
    options.insert(options.begin(),
                   {"send", "--key", sender.file, "--peer", advert});
    return run_tool(std::move(options), input);
  }

  temporary_folder folder;
  tool_key key;
  tool_node bob;
  tool_key sender;
};

void check_summary(const run_result& result, std::uint64_t sent,
                   std::uint64_t acknowledged) {
  INFO(result.errors);
  CHECK(result.status == (sent == acknowledged ? 0 : 1));
  auto summary = json::parse(result.out, nullptr, false);
  REQUIRE(summary.is_object());
  CHECK(summary.size() == 4);
  CHECK(summary["sent"] == sent);
  CHECK(summary["acknowledged"] == acknowledged);
  CHECK(summary["failed"] == sent - acknowledged);
  CHECK(summary["seconds"].is_number());
}

} // namespace

TEST_CASE_FIXTURE(receiver, "a message is sent and acknowledged") {
  check_summary(send({"--to", "inbox", "hello, Bob"}), 1, 1);
  bob.await("received", {{"from", sender.id}, {"text", "hello, Bob"}});
}

TEST_CASE_FIXTURE(receiver, "repeated messages carry their number") {
  check_summary(
    send({"--to", "inbox", "--count", "3", "{n} of {n}", "--size", "12"}), 3,
    3);
  for (const auto* text : {"0 of 0......", "1 of 1......", "2 of 2......"})
    CHECK(bob.await("received")["text"] == text);
}

TEST_CASE_FIXTURE(receiver, "each line of standard input is a message") {
  check_summary(send({"--to", "inbox", "-"}, "one\n\n{n} three\nfour"), 4, 4);
  for (const auto* text : {"one", "", "{n} three", "four"})
    CHECK(bob.await("received")["text"] == text);
  check_summary(send({"--to", "inbox", "-"}), 0, 0);
}

TEST_CASE_FIXTURE(receiver, "a message may be empty or large") {
  check_summary(send({"--to", "inbox"}), 1, 1);
  CHECK(bob.await("received")["text"] == "");
  check_summary(send({"--to", "inbox", ""}), 1, 1);
  CHECK(bob.await("received")["text"] == "");
  check_summary(send({"--to", "sum", "--size", "8388608", "--count", "10"}), 10,
                10);
  bob.await("count", {{"messages", 10}, {"bytes", 10 * 8388608}});
}

TEST_CASE_FIXTURE(receiver, "a hundred thousand messages take seconds") {
  auto result = send({"--to", "sum", "--count", "100000", "message {n}"});
  check_summary(result, 100'000, 100'000);
  bob.await("count", {{"messages", 100'000}});
}

TEST_CASE_FIXTURE(receiver, "a message over the limit is refused") {
  auto result = send({"--to", "sum", "--size", "16777216"});
  check_summary(result, 1, 0);
  CHECK(result.errors.find("too_large: the message has more octets than the "
                           "peer takes")
        != std::string::npos);
}

TEST_CASE_FIXTURE(receiver, "input that cannot be read is no end of it") {
  auto result =
    run({"/bin/sh", "-c", "exec \"$0\" \"$@\" < /", NODE_PROXY_TOOL, "send",
         "--key", sender.file, "--peer", bob.advert(), "--to", "inbox", "-"});
  CHECK(result.status == 1);
  CHECK(result.errors.find("standard input cannot be read: Is a directory")
        != std::string::npos);
}

TEST_CASE_FIXTURE(receiver, "an unknown engine is named as the reason") {
  auto result = send({"--to", "nobody", "--count", "5", "hello"});
  check_summary(result, 5, 0);
  CHECK(result.errors.find("5 not acknowledged: unknown_engine")
        != std::string::npos);
}

TEST_CASE_FIXTURE(receiver, "a message expires if nobody is there") {
  tool_key nobody{folder, "nobody"};
  std::string address;
  {
    tcp_listener somewhere;
    address = "tcp://127.0.0.1:" + std::to_string(somewhere.port());
  }
  auto advert = nobody.advertise(address);
  auto result = send_to(advert, {"--to", "inbox", "--expiry", "1", "hello"});
  check_summary(result, 1, 0);
  CHECK(result.errors.find("1 not acknowledged: expired; the peer is not "
                           "reached: connection refused by "
                           + address)
        != std::string::npos);
  CHECK(
    result.errors.find(" cannot be reached: connection refused by " + address)
    != std::string::npos);
}

TEST_CASE_FIXTURE(receiver, "the advert of another node leads nowhere") {
  tool_key other{folder, "other"};
  auto advert = other.advertise(bob.address());
  auto result = send_to(advert, {"--to", "inbox", "--expiry", "1", "hello"});
  check_summary(result, 1, 0);
  CHECK(result.errors.find("expired") != std::string::npos);
  // Bob has not taken what was for another node.
  check_summary(send({"--to", "inbox", "for Bob"}), 1, 1);
  CHECK(bob.await("received")["text"] == "for Bob");
}

TEST_CASE_FIXTURE(receiver, "a node that denies the sender says so") {
  tool_node strict{tool_key{folder, "strict"}, {"--deny", sender.id}};
  auto result = send_to(strict.advert(), {"--to", "inbox", "hello"});
  check_summary(result, 1, 0);
  CHECK(result.errors.find("denied") != std::string::npos);
}

TEST_CASE_FIXTURE(receiver, "a file is one message") {
  std::string text = "{n}\nand \xff";
  std::ofstream{folder / "file"} << text;
  check_summary(send({"--to", "inbox", "--file", folder / "file"}), 1, 1);
  bob.await("received", {{"from", sender.id}, {"base64", "e259CmFuZCD/"}});
  CHECK(send({"--to", "inbox", "--file", folder / "file", "text"}).status == 2);
  CHECK(send({"--to", "inbox", "--file", folder / "none"}).status == 2);
  std::ofstream{folder / "large"} << std::string((16u << 20) + 1, 'x');
  auto large = send({"--to", "inbox", "--file", folder / "large"});
  CHECK(large.status == 1);
  CHECK(large.errors.find(folder / "large") != std::string::npos);
}
