// CAF's own remoting: actors of two processes, in plain text.

#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <caf/io/all.hpp>

#include <node_proxy/actors/caf/compat.hpp>

#include "support/program.hpp"
#include "support/report.hpp"
#include "support/time_limit.hpp"
#include "support/transfer_options.hpp"

namespace bench {

namespace {

using node_proxy::state_of;

struct basp_options : transfer_options {
  std::string payload;
  /// Messages whose acknowledgement is awaited, 0 for what suits their size.
  std::size_t outstanding = 0;
};

/// The middleman, and CAF's own settings for all else.
struct basp_config : caf::actor_system_config {
  basp_config() {
#if CAF_MAJOR_VERSION >= 1
    caf::core::init_global_meta_objects();
    caf::io::middleman::init_global_meta_objects();
#endif
    load<caf::io::middleman>();
  }
};

/// CAF's own type for octets. 0.17 copies them one by one, and texts as a
/// whole.
#if CAF_MAJOR_VERSION >= 1
using octet_buffer = caf::byte_buffer;
#else
using octet_buffer = std::vector<char>;
#endif

/// Takes messages. CAF's answer to a request is the acknowledgement.
template <class Payload>
caf::behavior sink() {
  return {[](const Payload&) {
  }};
}

template <class Payload>
caf::behavior echo() {
  return {[](Payload& payload) {
    return std::move(payload);
  }};
}

/// What the sender has measured.
struct measured {
  throughput all;
  std::vector<bench_clock::duration> round_trips;
};

using measured_promise = std::promise<measured>;

/// Sends as long as it may, and then waits for the last answer.
template <class Payload>
class sender_state {
public:
  explicit sender_state(caf::event_based_actor* self) : self_(self) {}

  void start(caf::actor to, const basp_options& options,
             bench_clock::duration how_long,
             std::shared_ptr<measured_promise> done) {
    to_ = std::move(to);
    done_ = std::move(done);
    round_trip_ = options.mode == "round_trip";
    max_outstanding_ = round_trip_ ? 1 : options.outstanding;
    payload_ = Payload(options.size, typename Payload::value_type{0x5a});
    result_.all.size = options.size;
    begun_ = bench_clock::now();
    limit_.emplace(how_long);
    go_on();
  }

private:
  void go_on() {
    while (!failed_ && outstanding_ < max_outstanding_ && !limit_->passed()) {
      ++outstanding_;
      send();
    }
    if (outstanding_ == 0 && !failed_) {
      result_.all.took = bench_clock::now() - begun_;
      done_->set_value(std::move(result_));
    }
  }

  void send() {
    auto failed = [this](const caf::error& error) {
      fail(error);
    };
    if (round_trip_)
      sent_at_ = bench_clock::now();
    auto request = self_->request(to_, caf::infinite, payload_);
    if (round_trip_)
      request.then(
        [this](const Payload&) {
          result_.round_trips.push_back(bench_clock::now() - sent_at_);
          handle_outcome();
        },
        failed);
    else
      request.then([this] { handle_outcome(); }, failed);
  }

  void handle_outcome() {
    ++result_.all.messages;
    --outstanding_;
    go_on();
  }

  void fail(const caf::error& error) {
    if (!std::exchange(failed_, true))
      done_->set_exception(std::make_exception_ptr(std::runtime_error{
        "a message was not delivered: " + caf::to_string(error)}));
  }

  caf::event_based_actor* self_;
  caf::actor to_;
  std::shared_ptr<measured_promise> done_;
  bool round_trip_ = false;
  std::size_t max_outstanding_ = 1;
  Payload payload_;
  bench_clock::time_point begun_;
  std::optional<time_limit> limit_;
  bench_clock::time_point sent_at_;
  std::size_t outstanding_ = 0;
  bool failed_ = false;
  measured result_;
};

template <class Payload>
caf::behavior sender(caf::stateful_actor<sender_state<Payload>>* self,
                     caf::actor to, const basp_options& options,
                     bench_clock::duration how_long,
                     std::shared_ptr<measured_promise> done) {
  state_of(self).start(std::move(to), options, how_long, std::move(done));
  return {};
}

measured run_sender(caf::actor_system& system, const caf::actor& to,
                    const basp_options& options,
                    bench_clock::duration how_long) {
  auto done = std::make_shared<measured_promise>();
  auto result = done->get_future();
  if (options.payload == "octets")
    system.spawn(sender<octet_buffer>, to, options, how_long, std::move(done));
  else
    system.spawn(sender<std::string>, to, options, how_long, std::move(done));
  // A request to a remote actor that is gone is never answered.
  if (result.wait_for(how_long + std::chrono::seconds{30})
      != std::future_status::ready)
    throw std::runtime_error{"a message was not answered"};
  return result.get();
}

template <class T>
T value_of(caf::expected<T> x) {
  if (!x)
    throw std::runtime_error{caf::to_string(x.error())};
  return std::move(*x);
}

void measure(basp_options options, other_side& other) {
  if (options.outstanding == 0)
    options.outstanding = outstanding_for(options.size, outstanding_singles);
  auto port = static_cast<std::uint16_t>(std::stoul(other.next_line()));
  basp_config config;
  caf::actor_system system{config};
  auto to = value_of(system.middleman().remote_actor("127.0.0.1", port));
  static_cast<void>(run_sender(system, to, options, options.warm_up()));
  auto result = run_sender(system, to, options, options.how_long());
  json line{
    {"bench", "basp"}, {"mode", options.mode}, {"payload", options.payload}};
  if (options.mode == "round_trip") {
    add_latencies(line, options.size, std::move(result.round_trips));
  } else {
    line["outstanding"] = options.outstanding;
    add(line, result.all);
  }
  print(line);
}

template <class Payload>
caf::actor spawn_engine(caf::actor_system& system,
                        const basp_options& options) {
  return options.mode == "round_trip" ? system.spawn(echo<Payload>)
                                      : system.spawn(sink<Payload>);
}

void serve(const basp_options& options) {
  basp_config config;
  caf::actor_system system{config};
  auto engine = options.payload == "octets"
                  ? spawn_engine<octet_buffer>(system, options)
                  : spawn_engine<std::string>(system, options);
  auto port = value_of(system.middleman().publish(engine, 0, "127.0.0.1"));
  say(std::to_string(port));
  serve_requests([](const std::string&) { return std::string{}; });
  caf::anon_send_exit(engine, caf::exit_reason::user_shutdown);
}

int main(int argc, char** argv) {
  CLI::App app{"Messages between remote actors of CAF, in plain text."};
  app.name("bench_basp");
  basp_options options;
  add_transfer_options(app, options, {"single", "round_trip"});
  options.payload = "octets";
  app
    .add_option("--payload", options.payload,
                "What is sent: CAF's buffer for octets, or a std::string")
    ->check(CLI::IsMember({"octets", "text"}))
    ->capture_default_str();
  app.add_option("--outstanding", options.outstanding,
                 "Messages that await their acknowledgement (default: as many "
                 "as suit their size)");
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
