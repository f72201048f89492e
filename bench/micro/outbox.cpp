// Messages through the outbox: taken in, sent, acknowledged, answered.

#include <chrono>
#include <cstddef>
#include <variant>

#include <benchmark/benchmark.h>

#include <node_proxy/protocol/delivery/outbox.hpp>

#include "micro/micro.hpp"

namespace bench {

namespace {

using namespace node_proxy;
using namespace node_proxy::internal;

constexpr std::size_t outbox_bytes = 64u << 20;
constexpr std::size_t outbox_messages = 1u << 20;

constexpr std::size_t frame_plaintext = 65'000;

/// A round of messages that are acknowledged together.
constexpr std::size_t round = 1024;

void through_outbox(benchmark::State& state) {
  auto msg = make_message(static_cast<std::size_t>(state.range(0)));
  auto data = message_codec{}.encode(msg).value();
  outbox uut{outbox_bytes, outbox_messages};
  if (!uut.handle_resume(0, outbox_bytes))
    state.SkipWithError("the outbox does not take the connection");
  send_token token = 0;
  std::uint64_t answered = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < round; ++i)
      if (!uut.handle_send(++token, data, steady_time{std::chrono::hours{1}}))
        state.SkipWithError("the outbox is full");
    control::ack ack{0, outbox_bytes, {}};
    while (auto next = uut.poll_transmit(frame_plaintext)) {
      const auto& sent = std::get<chunk_batch>(*next);
      ack.next = sent.first + sent.chunks.count();
    }
    if (!uut.handle_ack(ack))
      state.SkipWithError("the outbox refuses an acknowledgement");
    while (auto outcome = uut.poll_outcome())
      answered += outcome->count;
  }
  if (answered != token)
    state.SkipWithError("not all messages were answered");
  state.SetItemsProcessed(static_cast<std::int64_t>(answered));
}

BENCHMARK(through_outbox)->Arg(64)->Arg(1024);

} // namespace

} // namespace bench
