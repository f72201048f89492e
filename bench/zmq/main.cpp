// ZeroMQ, the usual choice in C++: a pair of sockets, encrypted by CURVE or
// not.

#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include <zmq.h>

#include "support/program.hpp"
#include "support/report.hpp"
#include "support/time_limit.hpp"
#include "support/transfer_options.hpp"

namespace bench {

namespace {

struct zmq_options : transfer_options {
  std::string security = "curve";
};

void check(bool done) {
  if (!done)
    throw std::runtime_error{zmq_strerror(zmq_errno())};
}

/// An encoded CURVE key pair.
struct key_pair {
  key_pair() { check(zmq_curve_keypair(open, secret) == 0); }

  char open[41];
  char secret[41];
};

/// A PAIR socket with a context of its own; ZeroMQ's own settings but for what
/// is set here.
class pair_socket {
public:
  pair_socket() {
    check(socket_ != nullptr);
    // So that a side that is gone ends the other one.
    set(ZMQ_RCVTIMEO, 30'000);
    set(ZMQ_SNDTIMEO, 30'000);
    set(ZMQ_LINGER, 0);
  }

  pair_socket(const pair_socket&) = delete;
  pair_socket& operator=(const pair_socket&) = delete;

  ~pair_socket() {
    zmq_close(socket_);
    zmq_ctx_term(context_);
  }

  void be_curve_server(const key_pair& own) {
    set(ZMQ_CURVE_SERVER, 1);
    set(ZMQ_CURVE_SECRETKEY, own.secret);
  }

  void be_curve_client(const key_pair& own, const std::string& server_key) {
    set(ZMQ_CURVE_SERVERKEY, server_key.c_str());
    set(ZMQ_CURVE_PUBLICKEY, own.open);
    set(ZMQ_CURVE_SECRETKEY, own.secret);
  }

  /// Listens at a free port. Where that is.
  std::string bind() {
    check(zmq_bind(socket_, "tcp://127.0.0.1:*") == 0);
    char result[64];
    auto size = sizeof(result);
    check(zmq_getsockopt(socket_, ZMQ_LAST_ENDPOINT, result, &size) == 0);
    return result;
  }

  void connect(const std::string& to) {
    check(zmq_connect(socket_, to.c_str()) == 0);
  }

  void send(const void* data, std::size_t size) {
    check(zmq_send(socket_, data, size, 0) >= 0);
  }

  /// Takes the next message. Its size.
  std::size_t receive() {
    check(zmq_msg_recv(&received_.msg, socket_, 0) >= 0);
    return zmq_msg_size(&received_.msg);
  }

  /// What `receive` took.
  void* data() { return zmq_msg_data(&received_.msg); }

private:
  struct message {
    message() { zmq_msg_init(&msg); }
    message(const message&) = delete;
    message& operator=(const message&) = delete;
    ~message() { zmq_msg_close(&msg); }

    zmq_msg_t msg;
  };

  void set(int option, int value) {
    check(zmq_setsockopt(socket_, option, &value, sizeof(value)) == 0);
  }

  void set(int option, const char* value) {
    check(zmq_setsockopt(socket_, option, value, std::strlen(value)) == 0);
  }

  void* context_ = zmq_ctx_new();
  void* socket_ = zmq_socket(context_, ZMQ_PAIR);
  message received_;
};

/// Says that this is the end, by an empty message. Throws unless the other side
/// answers that it got `count` messages.
void end_phase(pair_socket& socket, std::uint64_t count) {
  socket.send(nullptr, 0);
  std::uint64_t arrived = 0;
  if (socket.receive() == sizeof(arrived))
    std::memcpy(&arrived, socket.data(), sizeof(arrived));
  if (arrived != count)
    throw std::runtime_error{"not all messages have arrived"};
}

/// The other side of a phase.
void serve_phase(pair_socket& socket, bool echo) {
  std::uint64_t count = 0;
  while (auto size = socket.receive()) {
    ++count;
    if (echo)
      socket.send(socket.data(), size);
  }
  socket.send(&count, sizeof(count));
}

/// Sends as long as it may.
throughput send_all(pair_socket& socket, std::size_t size,
                    bench_clock::duration how_long) {
  std::string payload(size, 'Z');
  throughput result{0, size, {}};
  auto begun = bench_clock::now();
  time_limit limit{how_long};
  while (!limit.passed()) {
    socket.send(payload.data(), size);
    ++result.messages;
  }
  end_phase(socket, result.messages);
  result.took = bench_clock::now() - begun;
  return result;
}

std::vector<bench_clock::duration> ping(pair_socket& socket, std::size_t size,
                                        bench_clock::duration how_long) {
  std::string payload(size, 'Z');
  std::vector<bench_clock::duration> result;
  auto begun = bench_clock::now();
  for (auto now = begun; now < begun + how_long;) {
    auto sent_at = now;
    socket.send(payload.data(), size);
    if (socket.receive() != size)
      throw std::runtime_error{"another message has come back"};
    now = bench_clock::now();
    result.push_back(now - sent_at);
  }
  end_phase(socket, result.size());
  return result;
}

void measure(const zmq_options& options, other_side& other) {
  auto hello = json::parse(other.next_line());
  pair_socket socket;
  key_pair keys;
  if (options.security == "curve")
    socket.be_curve_client(keys, hello["key"].get<std::string>());
  socket.connect(hello["endpoint"].get<std::string>());
  json line{
    {"bench", "zmq"}, {"mode", options.mode}, {"security", options.security}};
  if (options.mode == "round_trip") {
    static_cast<void>(ping(socket, options.size, options.warm_up()));
    add_latencies(line, options.size,
                  ping(socket, options.size, options.how_long()));
  } else {
    static_cast<void>(send_all(socket, options.size, options.warm_up()));
    add(line, send_all(socket, options.size, options.how_long()));
  }
  print(line);
}

void serve(const zmq_options& options) {
  pair_socket socket;
  key_pair keys;
  if (options.security == "curve")
    socket.be_curve_server(keys);
  say(json{{"endpoint", socket.bind()}, {"key", keys.open}}.dump());
  // One for warming up, one that counts.
  for (int phase = 0; phase < 2; ++phase)
    serve_phase(socket, options.mode == "round_trip");
  serve_requests([](const std::string&) { return std::string{}; });
}

int main(int argc, char** argv) {
  CLI::App app{"Messages over a pair of ZeroMQ sockets."};
  app.name("bench_zmq");
  zmq_options options;
  add_transfer_options(app, options, {"one_way", "round_trip"});
  app.add_option("--security", options.security, "Encrypted or not")
    ->check(CLI::IsMember({"curve", "none"}))
    ->capture_default_str();
  return run_program(
    app, argc, argv,
    {[&options](other_side& other) { measure(options, other); },
     [&options] {
       serve(options);
     }});
}

} // namespace

} // namespace bench

int main(int argc, char** argv) {
  return bench::main(argc, argv);
}
