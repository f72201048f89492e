// Messages from one peer to another in the same thread: sent, sealed, opened,
// handed out, acknowledged, answered.

#include <cstddef>

#include <benchmark/benchmark.h>

#include "micro/micro.hpp"
#include "support/pair_of_peers.hpp"

namespace bench {

namespace {

using namespace node_proxy;

void between_peers(benchmark::State& state) {
  pair_of_peers uut;
  node_out_msg msg{
    {}, rel_time{60}, make_message(static_cast<std::size_t>(state.range(0)))};
  for (auto _ : state)
    uut.send(msg, static_cast<std::size_t>(state.range(1)));
  state.SetItemsProcessed(state.iterations() * state.range(1));
}

BENCHMARK(between_peers)
  ->Args({64, 1})
  ->Args({64, 1024})
  ->Args({1024, 1024})
  ->Args({64 << 10, 16});

} // namespace

} // namespace bench
