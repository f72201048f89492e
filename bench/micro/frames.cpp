// Frames sealed and opened, with both ciphers.

#include <cstddef>
#include <string>

#include <benchmark/benchmark.h>

#include <node_proxy/protocol/crypto/crypto_init.hpp>
#include <node_proxy/protocol/session/sealing.hpp>
#include <node_proxy/protocol/wire/frame.hpp>

#include "micro/micro.hpp"

namespace bench {

namespace {

using namespace node_proxy;
using namespace node_proxy::internal;

/// Numbers of frames that do not change their length.
constexpr std::uint64_t first_number = 1u << 20;

bool skip_without(benchmark::State& state, cipher_suite suite) {
  auto missing =
    !init_crypto() || (suite == cipher_suite::aes256_gcm && !aes_available());
  if (missing)
    state.SkipWithError("this processor has no instructions for it");
  return missing;
}

void seal_frame(benchmark::State& state, cipher_suite suite) {
  if (skip_without(state, suite))
    return;
  sealer uut{secret_key{}, suite};
  bytes plaintext(static_cast<std::size_t>(state.range(0)));
  bytes out;
  auto number = first_number;
  for (auto _ : state) {
    out.clear();
    uut.seal(frame_kind::node_msg, number++, plaintext, out);
    benchmark::DoNotOptimize(out.data());
  }
  count(state);
}

void open_frame(benchmark::State& state, cipher_suite suite) {
  if (skip_without(state, suite))
    return;
  bytes frame;
  sealer{secret_key{}, suite}.seal(
    frame_kind::node_msg, first_number,
    bytes(static_cast<std::size_t>(state.range(0))), frame);
  opener uut{secret_key{}, suite};
  bytes buffer;
  for (auto _ : state) {
    auto body = parse_body(bytes_view{frame}.subspan(frame_length_size));
    auto opened = uut.open(*body, buffer);
    if (!opened)
      state.SkipWithError("the frame cannot be opened");
    benchmark::DoNotOptimize(opened);
  }
  count(state);
}

BENCHMARK_CAPTURE(seal_frame, aes256_gcm, cipher_suite::aes256_gcm)
  ->Apply(frame_sizes);
BENCHMARK_CAPTURE(seal_frame, chacha20_poly1305,
                  cipher_suite::chacha20_poly1305)
  ->Apply(frame_sizes);
BENCHMARK_CAPTURE(open_frame, aes256_gcm, cipher_suite::aes256_gcm)
  ->Apply(frame_sizes);
BENCHMARK_CAPTURE(open_frame, chacha20_poly1305,
                  cipher_suite::chacha20_poly1305)
  ->Apply(frame_sizes);

} // namespace

} // namespace bench
