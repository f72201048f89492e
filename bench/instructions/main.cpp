// What a message costs both ends of a connection, for a tool that counts
// instructions (scripts/instructions): it is to count what is done in
// `bench::counted`.

#include <cstddef>

#include <CLI/CLI.hpp>

#include "support/pair_of_peers.hpp"

namespace bench {

using namespace node_proxy;

struct options {
  std::size_t size = 64;
  std::size_t batch = 1024;
  std::size_t engines = 1;
  std::size_t batches = 10;
};

/// Sends what is counted.
[[gnu::noinline]] void counted(pair_of_peers& peers, const node_out_msg& msg,
                               const options& x) {
  for (std::size_t i = 0; i < x.batches; ++i)
    peers.send(msg, x.batch, x.engines);
}

namespace {

int main(int argc, char** argv) {
  CLI::App app{"Messages from peer to peer in one thread, to be counted."};
  app.name("bench_instructions");
  options x;
  app.add_option("--size", x.size, "Bytes of a payload")
    ->check(CLI::Range(0, 16'000'000));
  app.add_option("--batch", x.batch, "Messages that are sent together")
    ->check(CLI::Range(1, 100'000));
  app.add_option("--engines", x.engines, "Engines that get them in turn")
    ->check(CLI::Range(1, 1'000));
  app.add_option("--batches", x.batches, "How often")
    ->check(CLI::Range(1, 100'000));
  CLI11_PARSE(app, argc, argv);
  node_out_msg msg{{},
                   rel_time{60},
                   {{std::nullopt, "sender"},
                    {std::nullopt, "sink"},
                    std::nullopt,
                    bytes(x.size, std::byte{0x5a})}};
  pair_of_peers peers;
  // Channels are open and buffers have grown when it counts.
  peers.send(msg, x.batch, x.engines);
  counted(peers, msg, x);
  return 0;
}

} // namespace

} // namespace bench

int main(int argc, char** argv) {
  return bench::main(argc, argv);
}
