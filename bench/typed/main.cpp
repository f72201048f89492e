// Typed engines, between two processes: what a request takes there and back,
// and how many plain sends there are in a second. The payload is a text.

#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include <node_proxy/actors/typed_engine.hpp>

#include "nodes/ask.hpp"
#include "nodes/setup.hpp"
#include "support/advert_text.hpp"
#include "support/program.hpp"
#include "support/report.hpp"
#include "support/time_limit.hpp"
#include "support/transfer_options.hpp"

namespace bench {

namespace {

using namespace node_proxy;
using namespace node_proxy::internal;

/// Answers with what it gets. What comes with a number is taken and counted; a
/// number alone is answered with how many of these there were.
using typed_engine =
  node_proxy::actor_interface<std::string(std::string),
                              void(std::uint64_t, std::string),
                              std::uint64_t(std::uint64_t)>;

/// Under which name it is served.
constexpr const char* typed_engine_name = "typed";

/// A node whose engine is asked.
void serve(const transfer_options&) {
  node_system_config config;
  caf::actor_system system{config};
  auto node = value_of(spawn_node(system, make_node_config()));
  auto engine = [count = std::make_shared<std::uint64_t>(
                   0)]() -> typed_engine::behavior_type {
    return {[](std::string& text) { return std::move(text); },
            [count](std::uint64_t, const std::string&) { ++*count; },
            [count](std::uint64_t) {
              return *count;
            }};
  };
  if (auto ok = node.serve(typed_engine_name, system.spawn(engine)); !ok)
    throw std::runtime_error{describe(ok.error())};
  say(to_text(node.advert()));
  serve_requests([](const std::string&) { return std::string{}; });
}

// -- requests -----------------------------------------------------------------

using latencies = std::vector<bench_clock::duration>;
using latencies_promise = std::promise<latencies>;

/// Asks, and asks again when the answer is there. The first tenth of the time
/// is for warming up, and not in the result.
class asker_state {
public:
  explicit asker_state(caf::event_based_actor* self) : self_(self) {}

  void start(typed_engine whom, const transfer_options& options,
             std::shared_ptr<latencies_promise> done) {
    whom_ = std::move(whom);
    how_long_ = options.how_long();
    text_ = std::string(options.size, 'x');
    done_ = std::move(done);
    begun_ = bench_clock::now();
    ask();
  }

private:
  void ask() {
    auto sent = bench_clock::now();
    self_->request(whom_, caf::infinite, std::move(text_))
      .then(
        [this, sent](std::string& text) {
          auto now = bench_clock::now();
          text_ = std::move(text);
          if (now > begun_ + how_long_ / 10)
            result_.push_back(now - sent);
          if (now < begun_ + how_long_ || result_.empty())
            ask();
          else
            done_->set_value(std::move(result_));
        },
        [this](const caf::error& error) {
          done_->set_exception(
            std::make_exception_ptr(std::runtime_error{describe(error)}));
        });
  }

  caf::event_based_actor* self_;
  typed_engine whom_;
  bench_clock::duration how_long_{0};
  std::string text_;
  std::shared_ptr<latencies_promise> done_;
  bench_clock::time_point begun_;
  latencies result_;
};

caf::behavior asker(caf::stateful_actor<asker_state>* self, typed_engine whom,
                    const transfer_options& options,
                    std::shared_ptr<latencies_promise> done) {
  state_of(self).start(std::move(whom), options, std::move(done));
  return {};
}

// -- plain sends --------------------------------------------------------------

using throughput_promise = std::promise<throughput>;

/// Sends so many at once, and asks how far the engine has come after them. Some
/// of these questions are open, so that it does not run out of work.
class sender_state {
public:
  static constexpr std::size_t at_once = 512;
  static constexpr std::size_t max_open = 8;

  explicit sender_state(caf::event_based_actor* self) : self_(self) {}

  void start(typed_engine whom, std::size_t size,
             bench_clock::duration how_long,
             std::shared_ptr<throughput_promise> done) {
    whom_ = std::move(whom);
    text_ = std::string(size, 'x');
    done_ = std::move(done);
    begun_ = bench_clock::now();
    limit_.emplace(how_long);
    go_on();
  }

private:
  void go_on() {
    while (open_ < max_open && !limit_->passed()) {
      for (std::size_t i = 0; i < at_once; ++i)
        self_->send(whom_, sent_++, text_);
      ++open_;
      self_->request(whom_, caf::infinite, sent_)
        .then([this](std::uint64_t) { handle_answer(); },
              [this](const caf::error& error) {
                done_->set_exception(
                  std::make_exception_ptr(std::runtime_error{describe(error)}));
              });
    }
    if (open_ == 0)
      done_->set_value({sent_, text_.size(), bench_clock::now() - begun_});
  }

  void handle_answer() {
    --open_;
    go_on();
  }

  caf::event_based_actor* self_;
  typed_engine whom_;
  std::string text_;
  std::shared_ptr<throughput_promise> done_;
  bench_clock::time_point begun_;
  std::optional<time_limit> limit_;
  std::uint64_t sent_ = 0;
  std::size_t open_ = 0;
};

caf::behavior sender(caf::stateful_actor<sender_state>* self, typed_engine whom,
                     std::size_t size, bench_clock::duration how_long,
                     std::shared_ptr<throughput_promise> done) {
  state_of(self).start(std::move(whom), size, how_long, std::move(done));
  return {};
}

/// The node with the handle.
class measuring_node {
public:
  measuring_node(const transfer_options& options, const std::string& advert)
    : options_{options}, system_{config_}, self_{system_} {
    auto config = make_node_config();
    config.adverts = {read_advert(advert)};
    auto id = config.adverts.front().id;
    node_.emplace(value_of(spawn_node(system_, config)));
    handle_ = node_->remote<typed_engine>({id, typed_engine_name});
  }

  void measure() {
    json line{{"bench", "typed"}, {"mode", options_.mode}};
    if (options_.mode == "round_trip")
      add_latencies(line, options_.size, measure_round_trips());
    else
      add(line, measure_sends());
    print(line);
  }

private:
  latencies measure_round_trips() {
    auto done = std::make_shared<latencies_promise>();
    auto result = done->get_future();
    system_.spawn(asker, handle_, options_, std::move(done));
    return result.get();
  }

  throughput send_for(bench_clock::duration how_long) {
    auto done = std::make_shared<throughput_promise>();
    auto result = done->get_future();
    system_.spawn(sender, handle_, options_.size, how_long, std::move(done));
    return result.get();
  }

  throughput measure_sends() {
    // Buffers have grown, and the connection is made, when it counts.
    auto before = send_for(options_.warm_up()).messages;
    auto result = send_for(options_.how_long());
    std::uint64_t came = 0;
    self_->request(handle_, caf::infinite, before)
      .receive([&](std::uint64_t count) { came = count; },
               [](const caf::error& error) {
                 throw std::runtime_error{describe(error)};
               });
    if (came != before + result.messages)
      throw std::runtime_error{"not all that was sent has arrived"};
    return result;
  }

  transfer_options options_;
  node_system_config config_;
  caf::actor_system system_;
  caf::scoped_actor self_;
  std::optional<node> node_;
  typed_engine handle_;
};

int main(int argc, char** argv) {
  CLI::App app{"Messages to a typed engine, by a handle for it."};
  app.name("bench_typed");
  transfer_options options;
  add_transfer_options(app, options, {"sends", "round_trip"});
  return run_program(app, argc, argv,
                     {[&options](other_side& other) {
                        auto advert = other.next_line();
                        measuring_node{options, advert}.measure();
                      },
                      [&options] {
                        serve(options);
                      }});
}

} // namespace

} // namespace bench

int main(int argc, char** argv) {
  return bench::main(argc, argv);
}
