// What the benchmarks of this program have in common.

#pragma once

#include <cstddef>

#include <benchmark/benchmark.h>

#include <node_proxy/messages/engine_msg.hpp>

namespace bench {

inline void message_sizes(benchmark::internal::Benchmark* x) {
  x->Arg(64)->Arg(1024)->Arg(64 << 10)->Arg(1 << 20);
}

/// Up to about the longest frame.
inline void frame_sizes(benchmark::internal::Benchmark* x) {
  x->Arg(64)->Arg(1024)->Arg(16 << 10)->Arg(65'000);
}

/// A message with a payload of this size.
inline node_proxy::engine_msg make_message(std::size_t size) {
  return {{std::nullopt, "sender"},
          {std::nullopt, "sink"},
          std::nullopt,
          node_proxy::bytes(size, std::byte{0x5a})};
}

/// Each iteration did one message of the size that is the argument.
inline void count(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

} // namespace bench
