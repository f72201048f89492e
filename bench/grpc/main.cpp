// gRPC over TLS: a stream of messages, each answered when it was taken, and
// single calls.

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "echo.grpc.pb.h"

#include "grpc/certificate.hpp"
#include "support/program.hpp"
#include "support/report.hpp"
#include "support/time_limit.hpp"
#include "support/transfer_options.hpp"

namespace bench {

namespace {

using echo::Payload;
using echo::Taken;

// Messages of 1 MiB are larger than what gRPC takes by itself.
constexpr int max_message = 32 * 1024 * 1024;

class echo_service final : public echo::Echo::Service {
public:
  grpc::Status Ping(grpc::ServerContext*, const Payload* request,
                    Payload* answer) override {
    *answer = *request;
    return grpc::Status::OK;
  }

  grpc::Status
  Stream(grpc::ServerContext*,
         grpc::ServerReaderWriter<Taken, Payload>* stream) override {
    Payload message;
    while (stream->Read(&message))
      if (!stream->Write(Taken{}))
        return grpc::Status::CANCELLED;
    return grpc::Status::OK;
  }
};

void check(const grpc::Status& status) {
  if (!status.ok())
    throw std::runtime_error{"gRPC: " + status.error_message()};
}

Payload payload_of(std::size_t size) {
  Payload result;
  result.set_data(std::string(size, 'G'));
  return result;
}

/// Sends as long as it may, and waits until all is answered.
throughput send_all(echo::Echo::Stub& stub, std::size_t size,
                    bench_clock::duration how_long) {
  auto payload = payload_of(size);
  grpc::ClientContext context;
  auto stream = stub.Stream(&context);
  std::uint64_t answered = 0;
  std::thread reader{[&] {
    Taken taken;
    while (stream->Read(&taken))
      ++answered;
  }};
  throughput result{0, size, {}};
  auto begun = bench_clock::now();
  time_limit limit{how_long};
  while (!limit.passed() && stream->Write(payload))
    ++result.messages;
  stream->WritesDone();
  reader.join();
  check(stream->Finish());
  result.took = bench_clock::now() - begun;
  if (answered != result.messages)
    throw std::runtime_error{"not all messages were answered"};
  return result;
}

std::vector<bench_clock::duration>
ping(echo::Echo::Stub& stub, std::size_t size, bench_clock::duration how_long) {
  auto payload = payload_of(size);
  std::vector<bench_clock::duration> result;
  auto begun = bench_clock::now();
  for (auto now = begun; now < begun + how_long;) {
    auto sent_at = now;
    grpc::ClientContext context;
    Payload answer;
    check(stub.Ping(&context, payload, &answer));
    now = bench_clock::now();
    result.push_back(now - sent_at);
  }
  return result;
}

void measure(const transfer_options& options, other_side& other) {
  auto hello = json::parse(other.next_line());
  grpc::SslCredentialsOptions ssl;
  ssl.pem_root_certs = hello["certificate"].get<std::string>();
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride("localhost");
  auto channel = grpc::CreateCustomChannel(
    "127.0.0.1:" + std::to_string(hello["port"].get<int>()),
    grpc::SslCredentials(ssl), arguments);
  auto stub = echo::Echo::NewStub(channel);
  json line{{"bench", "grpc"}, {"mode", options.mode}};
  if (options.mode == "round_trip") {
    static_cast<void>(ping(*stub, options.size, options.warm_up()));
    add_latencies(line, options.size,
                  ping(*stub, options.size, options.how_long()));
  } else {
    static_cast<void>(send_all(*stub, options.size, options.warm_up()));
    add(line, send_all(*stub, options.size, options.how_long()));
  }
  print(line);
}

void serve() {
  auto own = make_certificate();
  grpc::SslServerCredentialsOptions ssl;
  ssl.pem_key_cert_pairs.push_back({own.key, own.chain});
  echo_service service;
  int port = 0;
  auto server =
    grpc::ServerBuilder{}
      .AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(ssl), &port)
      .SetMaxReceiveMessageSize(max_message)
      .RegisterService(&service)
      .BuildAndStart();
  if (!server)
    throw std::runtime_error{"gRPC cannot listen"};
  say(json{{"port", port}, {"certificate", own.chain}}.dump());
  serve_requests([](const std::string&) { return std::string{}; });
  server->Shutdown();
}

int main(int argc, char** argv) {
  CLI::App app{"Messages over gRPC and TLS."};
  app.name("bench_grpc");
  transfer_options options;
  add_transfer_options(app, options, {"one_way", "round_trip"});
  return run_program(
    app, argc, argv,
    {[&options](other_side& other) { measure(options, other); }, serve});
}

} // namespace

} // namespace bench

int main(int argc, char** argv) {
  return bench::main(argc, argv);
}
