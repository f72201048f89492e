// How things stand with a node, as JSON and for people.

#include <doctest/doctest.h>

#include <status_json.hpp>
#include <status_table.hpp>

#include <node_proxy/base/hex.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

using namespace node_proxy;
using namespace node_proxy::tools;

namespace {

node_id id_of(unsigned first, unsigned last = 0) {
  node_id result;
  result.data.fill(std::byte(first));
  result.data.back() = std::byte(last);
  return result;
}

/// A node with one peer.
node_status example() {
  node_status x;
  x.node = id_of(0xaa);
  x.age_ms = 3 * 3'600'000;
  x.addresses = {parse_address("tcp://127.0.0.1:4000").value()};
  peer_status peer;
  peer.node = id_of(0xbb);
  peer.state = peer_state::connected;
  peer.permanent = true;
  peer.connection = connection_status{};
  peer.connection->age_ms = 12'000;
  peer.connection->round_trip_us = 400;
  peer.connection->cipher = "aes256_gcm";
  peer.traffic.messages_in = 5;
  peer.traffic.messages_out = 7;
  peer.traffic.failed = {{"expired", 2}};
  peer.waiting = {3, 1'536, 12'000};
  peer.waiting_for = {{"inbox", {3, 1'536, 12'000}}};
  peer.untaken = 1;
  peer.untaken_by = {{"inbox", {1, 90, 8'000}}};
  x.peers.push_back(peer);
  x.engines = {{"inbox", false, 4}, {"store", true, 0}};
  x.limits = {{"peers", 1, 1'000}, {"outbox_bytes", 120u << 20, 128u << 20}};
  return x;
}

} // namespace

TEST_CASE("a status becomes JSON with its words") {
  auto json = to_json(example(), node_names{{{"bob", id_of(0xbb)}}});
  CHECK(json["node"] == to_hex(id_of(0xaa).data));
  CHECK(json["addresses"][0] == "tcp://127.0.0.1:4000");
  auto peer = json["peers"][0];
  CHECK(peer["name"] == "bob");
  CHECK(peer["state"] == "connected");
  CHECK(peer["text"] == "connected for 12 s");
  CHECK(peer["connection"]["round_trip_us"] == 400);
  CHECK(peer["connection"]["cipher"] == "aes256_gcm");
  CHECK_FALSE(peer["connection"].contains("address"));
  CHECK_FALSE(peer.contains("retry_ms"));
  CHECK(peer["failed"]["expired"] == 2);
  CHECK(peer["waiting"]["engines"][0]["engine"] == "inbox");
  CHECK(peer["untaken"] == 1);
  CHECK(peer["untaken_by"][0]["engine"] == "inbox");
  CHECK(peer["untaken_by"][0]["oldest_ms"] == 8'000);
  CHECK(json["engines"][1]["typed"] == true);
  CHECK(json["limits"][1]["max"] == 128u << 20);
  CHECK_FALSE(json["limits"][1].contains("worker"));
  CHECK(json["workers"].empty());
}

TEST_CASE("the workers of a node have a table, if it has any") {
  auto status = example();
  status.limits[1].worker = 7;
  status.workers = {{7,
                     {parse_address("tcp://127.0.0.1:4001").value(),
                      parse_address("tcp://127.0.0.2:4001").value()},
                     12,
                     60'000,
                     std::nullopt,
                     worker_stage::serving},
                    {9, {}, 3, 7'200'000, 4'000, worker_stage::silent}};
  auto json = to_json(status, {});
  CHECK(json["limits"][1]["worker"] == 7);
  CHECK_FALSE(json["workers"][0].contains("silent_ms"));
  CHECK(json["workers"][1]["state"] == "silent");
  auto text = peers_table(json, {});
  CHECK_MESSAGE(
    text.ends_with(
      R"(WORKER  PEERS  UP FOR  ADDRESSES                                   STATE
7       12     60 s    tcp://127.0.0.1:4001, tcp://127.0.0.2:4001  serving
9       3      2 h     -                                           silent for 4 s
near its limit: outbox_bytes, 120 MiB of 128 MiB in worker 7
)"),
    text);
}

TEST_CASE("states stand out where that is wanted") {
  auto status = example();
  for (auto state : {peer_state::retrying, peer_state::waiting,
                     peer_state::idle, peer_state::refused}) {
    peer_status peer;
    peer.node = id_of(0x10 + static_cast<unsigned>(state));
    peer.state = state;
    status.peers.push_back(peer);
  }
  auto json = to_json(status, {});
  auto plain = peers_table(json, {});
  CHECK(plain.find('\x1b') == std::string::npos);
  auto coloured = peers_table(json, {}, true);
  for (auto text :
       {"\x1b[32mconnected for 12 s\x1b[0m\n",
        "\x1b[31mretrying in 0 s\x1b[0m\n",
        "\x1b[33mwaiting for it to call\x1b[0m\n", "\x1b[31mrefused\x1b[0m\n",
        "  idle: comes back with the next message\n"})
    CHECK_MESSAGE(coloured.find(text) != std::string::npos, text);
}

TEST_CASE("a status becomes a table") {
  auto text =
    peers_table(to_json(example(), node_names{{{"bob", id_of(0xbb)}}}), {});
  CHECK(
    text
    == "node " + to_hex(id_of(0xaa).data)
         + ", up for 3 h, tcp://127.0.0.1:4000\n"
           R"(PEER      NAME  PERMANENT  ROUND TRIP  IN  OUT  WAITING            UNTAKEN  STATE
bbbbbbbb  bob   yes        0.4 ms      5   7    3 (1.5 KiB, 12 s)  1        connected for 12 s
near its limit: outbox_bytes, 120 MiB of 128 MiB
)");
}

TEST_CASE("ids are as long as it takes to tell them apart") {
  auto status = example();
  status.peers.push_back(status.peers[0]);
  status.peers[1].node = id_of(0xbb, 0xbc);
  auto text = peers_table(to_json(status, {}), {});
  // They differ in the last but one.
  auto id = to_hex(id_of(0xbb, 0xbc).data).substr(0, 63);
  CHECK(text.find("\n" + id + "  ") != std::string::npos);
}

TEST_CASE("names of the one who asks are shown before others") {
  auto json = to_json(example(), node_names{{{"bob", id_of(0xbb)}}});
  auto text = peers_table(json, node_names{{{"rob", id_of(0xbb)}}});
  CHECK(text.find("rob") != std::string::npos);
  CHECK(text.find("bob") == std::string::npos);
}

TEST_CASE("engines have a table of their own, whatever they are called") {
  auto status = example();
  status.engines[0].name = "in\x1b[2Jbox\xe2\x80\xae";
  status.engines[1].name = "caf\xc3\xa9";
  CHECK(engines_table(to_json(status, {}))
        == "ENGINE                UNTAKEN  KIND\n"
           "in\\u001b[2Jbox\\u202e  4        plain\n"
           "caf\xc3\xa9                  0        typed\n");
}

TEST_CASE("what another version says is an error, not an end") {
  CHECK_THROWS_AS(static_cast<void>(peers_table({{"node", 1}}, {})),
                  nlohmann::json::exception);
  CHECK_THROWS_AS(static_cast<void>(engines_table(nlohmann::json::object())),
                  nlohmann::json::exception);
}

TEST_CASE("sizes are told in the unit that suits them") {
  CHECK(bytes_text(0) == "0 B");
  CHECK(bytes_text(1'023) == "1023 B");
  CHECK(bytes_text(1'024) == "1 KiB");
  CHECK(bytes_text(1'536) == "1.5 KiB");
  CHECK(bytes_text(12u << 20) == "12 MiB");
  CHECK(bytes_text(std::uint64_t(-1)).ends_with(" TiB"));
}
