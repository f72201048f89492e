// Messages through the outbox: taken in, sent, acknowledged, answered.

#include <chrono>
#include <cstddef>
#include <variant>

#include <benchmark/benchmark.h>

#include <node_proxy/protocol/delivery/outbox.hpp>
#include <node_proxy/protocol/delivery/window_shares.hpp>

#include "micro/micro.hpp"

namespace bench {

namespace {

using namespace node_proxy;
using namespace node_proxy::internal;

constexpr std::size_t frame_plaintext = 65'000;

/// A round of messages that are acknowledged together.
constexpr std::size_t round = 1024;

void through_outbox(benchmark::State& state) {
  auto msg = make_message(static_cast<std::size_t>(state.range(0)));
  auto data = message_codec{}.encode(msg).value();
  constexpr std::uint64_t window = 4u << 20;
  peer_settings settings;
  outbox uut{settings, {}, receive_budget{settings}.strangers()};
  if (!uut.handle_resume(1, 0, window))
    state.SkipWithError("the outbox does not take the connection");
  send_token token = 0;
  std::uint64_t answered = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < round; ++i)
      if (!uut.handle_send(++token, {"echo"}, data,
                           steady_time{std::chrono::hours{1}}, {}))
        state.SkipWithError("the outbox is full");
    control::channel_ack ack{0, 0, window, {}};
    while (auto next = uut.poll_transmit(frame_plaintext))
      if (auto sent = std::get_if<chunk_batch>(&*next))
        ack.next = sent->first + sent->chunks.count();
    if (!uut.handle_ack(ack, {}))
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
