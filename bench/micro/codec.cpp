// Messages to octets and back.

#include <algorithm>
#include <cstddef>

#include <benchmark/benchmark.h>

#include <node_proxy/protocol/wire/chunk_list.hpp>
#include <node_proxy/protocol/wire/message_data.hpp>

#include "micro/micro.hpp"

namespace bench {

namespace {

using namespace node_proxy;
using namespace node_proxy::internal;

/// A message as the Node Proxy encodes it; the payload stays where it is.
void encode_message(benchmark::State& state) {
  auto msg = make_message(static_cast<std::size_t>(state.range(0)));
  message_codec uut;
  for (auto _ : state)
    benchmark::DoNotOptimize(uut.encode(msg));
  count(state);
}

/// The encoding in one piece, as it is sealed.
bytes encoded(const engine_msg& msg) {
  auto data = message_codec{}.encode(msg).value();
  bytes result(data.size());
  auto end = std::ranges::copy(data.head, result.begin()).out;
  std::ranges::copy(data.payload, end);
  return result;
}

void decode_message(benchmark::State& state) {
  auto octets = encoded(make_message(static_cast<std::size_t>(state.range(0))));
  message_codec uut;
  for (auto _ : state)
    benchmark::DoNotOptimize(uut.decode(octets));
  count(state);
}

/// A list of as many messages as one frame holds, at most 512.
void encode_chunks(benchmark::State& state) {
  auto msg = make_message(static_cast<std::size_t>(state.range(0)));
  auto data = message_codec{}.encode(msg).value();
  bytes out;
  std::int64_t chunks = 0;
  for (auto _ : state) {
    out.clear();
    chunk_list list;
    while (list.count() < 512 && list.size_with(0, data.size()) < 60'000)
      list.add(0, true, data, 0, data.size());
    list.append_to(out);
    chunks += static_cast<std::int64_t>(list.count());
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(chunks);
  state.SetBytesProcessed(chunks * state.range(0));
}

BENCHMARK(encode_message)->Apply(message_sizes);
BENCHMARK(decode_message)->Apply(message_sizes);
BENCHMARK(encode_chunks)->Arg(64)->Arg(1024);

} // namespace

} // namespace bench
