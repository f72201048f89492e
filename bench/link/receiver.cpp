#include "link/receiver.hpp"

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <node_proxy/actors/node.hpp>

#include "link/allocations.hpp"
#include "link/ping.hpp"
#include "nodes/ask.hpp"
#include "nodes/setup.hpp"
#include "support/advert_text.hpp"
#include "support/program.hpp"
#include "support/report.hpp"

namespace bench {

namespace {

using namespace node_proxy;
using namespace node_proxy::internal;

struct arrivals {
  std::atomic<std::uint64_t> messages = 0;
  // What they came in: as many, or batches.
  std::atomic<std::uint64_t> actor_messages = 0;

  void note(std::size_t count) {
    messages.fetch_add(count, std::memory_order_relaxed);
    actor_messages.fetch_add(1, std::memory_order_relaxed);
  }
};

/// What arrives is taken; nothing is done with it.
caf::behavior sink(std::shared_ptr<arrivals> counts) {
  return {
    [counts](const engine_msg&) { counts->note(1); },
    [counts](const engine_msg_batch& batch) {
      counts->note(batch.msgs.size());
    },
  };
}

/// What came, and what it took.
struct snapshot {
  std::uint64_t messages = 0;
  std::uint64_t actor_messages = 0;
  std::uint64_t allocations = 0;

  snapshot operator-(const snapshot& other) const {
    return {messages - other.messages, actor_messages - other.actor_messages,
            allocations - other.allocations};
  }
};

class receiver {
public:
  explicit receiver(const link_options& options)
    : options_{options}, config_{options.sharing}, system_{config_},
      self_{system_} {
    if (options.count_allocations)
      count_allocations();
    for (std::size_t i = 0; i < options.peers; ++i)
      add_node();
  }

  [[nodiscard]] json adverts() const {
    auto result = json::array();
    for (const auto& node : nodes_)
      result.push_back(to_text(node.advert()));
    return result;
  }

  std::string answer(const std::string& request) {
    if (request == "begin") {
      begun_ = take_snapshot();
      return json::object().dump();
    }
    auto came = take_snapshot() - begun_;
    json result{{"messages", came.messages},
                {"actor_messages", came.actor_messages}};
    if (options_.count_allocations) {
      result["allocations"] = came.allocations;
      result["needed_allocations"] = needed_allocations(came);
    }
    return result.dump();
  }

private:
  void add_node() {
    auto& node = nodes_.emplace_back(
      value_of(spawn_node(system_, make_link_config(options_))));
    for (std::size_t i = 0; i < options_.engines; ++i)
      add_engine(node, sink_name(i),
                 options_.mode == "round_trip"
                   ? spawn_echo(system_, node.router())
                   : system_.spawn(sink, counts_));
    if (options_.bulk > 0)
      add_engine(node, bulk_name, system_.spawn(sink, counts_));
  }

  void add_engine(const node& to, const std::string& name,
                  const caf::actor& engine) {
    ask<engine_registered>(
      self_, to.router(),
      register_engine{name, engine, options_.mode == "batch"});
  }

  [[nodiscard]] snapshot take_snapshot() const {
    return {counts_->messages, counts_->actor_messages, allocations()};
  }

  std::uint64_t needed_allocations(const snapshot& came);

  link_options options_;
  node_system_config config_;
  caf::actor_system system_;
  caf::scoped_actor self_;
  std::shared_ptr<arrivals> counts_ = std::make_shared<arrivals>();
  std::vector<node_proxy::node> nodes_;
  snapshot begun_;
};

/// Somebody in this process who hands messages to an engine as a Node Proxy has
/// to: each is an object with a payload of its own, and the engine's answer is
/// awaited.
class feeder_state {
public:
  explicit feeder_state(caf::event_based_actor* self) : self_(self) {}

  void start(caf::actor to, bool batches, std::size_t size,
             const snapshot& work, std::shared_ptr<std::promise<void>> done) {
    to_ = std::move(to);
    batches_ = batches;
    payload_ = bytes(size, std::byte{0x5a});
    left_ = work;
    done_ = std::move(done);
    send();
  }

private:
  engine_msg make_message() const {
    return {{node_id{}, "sender"},
            {node_id{}, "sink"},
            std::nullopt,
            shared_bytes{bytes_view{payload_}}};
  }

  void send() {
    if (left_.actor_messages == 0) {
      done_->set_value();
      return;
    }
    auto count = left_.messages / left_.actor_messages;
    left_.messages -= count;
    --left_.actor_messages;
    if (batches_) {
      engine_msg_batch batch;
      batch.msgs.reserve(count);
      while (batch.msgs.size() < count)
        batch.msgs.push_back(make_message());
      ask(std::move(batch));
    } else {
      ask(make_message());
    }
  }

  template <class Msg>
  void ask(Msg msg) {
    self_->request(to_, caf::infinite, std::move(msg)).then([this] { send(); });
  }

  caf::event_based_actor* self_;
  caf::actor to_;
  bool batches_ = false;
  bytes payload_;
  snapshot left_;
  std::shared_ptr<std::promise<void>> done_;
};

caf::behavior feeder(caf::stateful_actor<feeder_state>* self, caf::actor to,
                     bool batches, std::size_t size, const snapshot& work,
                     std::shared_ptr<std::promise<void>> done) {
  state_of(self).start(std::move(to), batches, size, work, std::move(done));
  return {};
}

std::uint64_t receiver::needed_allocations(const snapshot& came) {
  auto engine = system_.spawn(sink, std::make_shared<arrivals>());
  auto done = std::make_shared<std::promise<void>>();
  auto all_taken = done->get_future();
  auto before = allocations();
  system_.spawn(feeder, engine, options_.mode == "batch", options_.size, came,
                std::move(done));
  all_taken.wait();
  return allocations() - before;
}

} // namespace

void receive(const link_options& options) {
  receiver nodes{options};
  say(nodes.adverts().dump());
  serve_requests(
    [&nodes](const std::string& request) { return nodes.answer(request); });
}

} // namespace bench
