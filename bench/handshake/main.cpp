// Handshakes and reconnects at one node, by peers without CAF in another
// process.

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <node_proxy/protocol/crypto/crypto_init.hpp>

#include "handshake/responder.hpp"
#include "support/advert_text.hpp"
#include "support/core_peer.hpp"
#include "support/cpu_time.hpp"
#include "support/descriptors.hpp"
#include "support/program.hpp"
#include "support/report.hpp"

namespace bench {

namespace {

constexpr std::chrono::seconds patience{60};

struct handshake_options {
  std::string mode = "full";
  std::size_t count = 2000;
  std::size_t concurrent = 128;

  /// Each full handshake is by another peer.
  [[nodiscard]] std::size_t peers() const {
    return mode == "full" ? count : concurrent;
  }
};

using peer_list = std::vector<std::unique_ptr<core_peer>>;

/// Peers that have done what costs time before they connect.
peer_list make_peers(core_loop& loop, const node_proxy::node_advert& to,
                     std::size_t count) {
  peer_list result;
  for (std::size_t i = 0; i < count; ++i) {
    result.push_back(
      std::make_unique<core_peer>(loop, numbered_seed(i), to, false));
    result.back()->prepare();
  }
  return result;
}

/// Lets all peers connect, some at once, and stay. A handshake is over when the
/// peer has got the first sealed frame, so that both have proven themselves.
void connect_all(core_loop& loop, const peer_list& peers,
                 std::size_t concurrent) {
  std::size_t opened = 0;
  loop.run_until(
    [&] {
      auto connected = loop.seen().connected;
      for (; opened < peers.size() && opened < connected + concurrent; ++opened)
        peers[opened]->open();
      return connected == peers.size();
    },
    patience);
}

/// Each peer sends a message that gets lost together with the connection, and
/// connects again, until `count` such messages were delivered.
void reconnect(core_loop& loop, const peer_list& peers, std::size_t count) {
  std::vector<std::uint64_t> cuts(peers.size());
  std::size_t started = 0;
  loop.run_until(
    [&] {
      for (std::size_t i = 0; i < peers.size() && started < count; ++i)
        if (peers[i]->delivered() == cuts[i]) {
          ++cuts[i];
          ++started;
          peers[i]->send_and_cut(64);
        }
      return loop.seen().delivered == count;
    },
    patience);
  if (loop.seen().resumed != count)
    throw std::runtime_error{"a message was not sent once more"};
}

void measure(const handshake_options& options, other_side& other) {
  if (!node_proxy::init_crypto())
    throw std::runtime_error{"libsodium cannot be used"};
  make_room_for(options.peers());
  auto to = read_advert(other.next_line());
  core_loop loop;
  auto peers = make_peers(loop, to, options.peers());
  if (options.mode == "reconnect")
    connect_all(loop, peers, options.concurrent);
  auto responder_cpu = [&] {
    return json::parse(other.ask("cpu")).get<double>();
  };
  auto responder_before = responder_cpu();
  auto callers_before = cpu_seconds();
  auto begun = bench_clock::now();
  if (options.mode == "reconnect")
    reconnect(loop, peers, options.count);
  else
    connect_all(loop, peers, options.concurrent);
  auto took = std::chrono::duration<double>(bench_clock::now() - begun).count();
  auto callers_took = cpu_seconds() - callers_before;
  auto responder_took = responder_cpu() - responder_before;
  auto count = static_cast<double>(options.count);
  print(json{{"bench", "handshake"},
             {"mode", options.mode},
             {"concurrent", options.concurrent},
             {"handshakes", options.count},
             {"seconds", took},
             {"handshakes_per_s", count / took},
             {"responder_cpu_us", responder_took * 1e6 / count},
             {"caller_cpu_us", callers_took * 1e6 / count}});
}

int main(int argc, char** argv) {
  CLI::App app{"Handshakes and reconnects at one node."};
  app.name("bench_handshake");
  handshake_options options;
  app.add_option("--mode", options.mode, "What is measured")
    ->check(CLI::IsMember({"full", "reconnect"}))
    ->capture_default_str();
  app.add_option("--count", options.count, "Handshakes")
    ->check(CLI::Range(1, 10'000))
    ->capture_default_str();
  app.add_option("--concurrent", options.concurrent, "Handshakes at once")
    ->check(CLI::Range(1, 128))
    ->capture_default_str();
  return run_program(
    app, argc, argv,
    {[&options](other_side& other) { measure(options, other); },
     [&options] {
       respond(options.peers());
     }});
}

} // namespace

} // namespace bench

int main(int argc, char** argv) {
  return bench::main(argc, argv);
}
