#include "limit/tcp_transfer.hpp"

#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/cpu_time.hpp"
#include "support/program.hpp"
#include "support/tcp.hpp"

namespace bench {

namespace {

constexpr const char* round_trip = "tcp_round_trip";

/// What one `read` asks for.
constexpr std::size_t read_size = 256u << 10;

/// How many phases there are, each with a connection of its own: one to warm
/// up, one that counts.
constexpr int phases = 2;

/// One direction. At the end the other side says how many bytes it got.
throughput write_all(std::uint16_t port, std::size_t size,
                     bench_clock::duration how_long) {
  tcp_stream stream{port};
  std::vector<std::byte> payload(size, std::byte{0x5a});
  throughput result{0, size, {}};
  auto begun = bench_clock::now();
  while (bench_clock::now() < begun + how_long) {
    stream.write_all(payload);
    ++result.messages;
  }
  stream.end_writing();
  std::uint64_t arrived = 0;
  if (!stream.read_all(std::as_writable_bytes(std::span{&arrived, 1}))
      || arrived != result.messages * size)
    throw std::runtime_error{"not all bytes have arrived"};
  result.took = bench_clock::now() - begun;
  return result;
}

void read_to_end(tcp_stream& stream) {
  std::vector<std::byte> buffer(read_size);
  std::uint64_t arrived = 0;
  while (auto count = stream.read_some(buffer))
    arrived += count;
  stream.write_all(std::as_bytes(std::span{&arrived, 1}));
}

std::vector<bench_clock::duration> ping(std::uint16_t port, std::size_t size,
                                        bench_clock::duration how_long) {
  tcp_stream stream{port};
  std::vector<std::byte> payload(size, std::byte{0x5a});
  std::vector<bench_clock::duration> result;
  auto begun = bench_clock::now();
  for (auto now = begun; now < begun + how_long;) {
    auto sent_at = now;
    stream.write_all(payload);
    if (!stream.read_all(payload))
      throw std::runtime_error{"a message did not come back"};
    now = bench_clock::now();
    result.push_back(now - sent_at);
  }
  return result;
}

void echo_to_end(tcp_stream& stream, std::size_t size) {
  std::vector<std::byte> payload(size);
  while (stream.read_all(payload))
    stream.write_all(payload);
}

} // namespace

void measure_tcp(const transfer_options& options, other_side& other) {
  auto port = static_cast<std::uint16_t>(std::stoul(other.next_line()));
  json line{{"bench", "limit"}, {"mode", options.mode}};
  if (options.mode == round_trip) {
    static_cast<void>(ping(port, options.size, options.warm_up()));
    add_latencies(line, options.size,
                  ping(port, options.size, options.how_long()));
  } else {
    static_cast<void>(write_all(port, options.size, options.warm_up()));
    auto before = cpu_seconds();
    auto result = write_all(port, options.size, options.how_long());
    auto sender_cpu = cpu_seconds() - before;
    auto receiver_cpu = json::parse(other.ask("cpu")).get<double>();
    add(line, result);
    auto bytes = static_cast<double>(result.messages * options.size);
    line["sender_cpu_ns_per_byte"] = sender_cpu * 1e9 / bytes;
    line["receiver_cpu_ns_per_byte"] = receiver_cpu * 1e9 / bytes;
  }
  print(line);
}

void serve_tcp(const transfer_options& options) {
  tcp_listener listener;
  say(std::to_string(listener.port()));
  double last_phase = 0;
  for (int phase = 0; phase < phases; ++phase) {
    auto stream = listener.accept();
    auto before = cpu_seconds();
    if (options.mode == round_trip)
      echo_to_end(stream, options.size);
    else
      read_to_end(stream);
    last_phase = cpu_seconds() - before;
  }
  serve_requests(
    [last_phase](const std::string&) { return json(last_phase).dump(); });
}

} // namespace bench
