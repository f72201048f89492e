// A node that sends numbered messages to many others, each at a pace of its
// own.

#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <node_proxy/actors/loop/event_loop.hpp>
#include <node_proxy/actors/node.hpp>

namespace node_proxy::testing {

using namespace internal;

/// How messages are offered to a peer.
struct pace {
  /// None: as soon as there is room among `max_batches`.
  std::optional<double> messages_per_second = 0;
  /// Messages that are sent and answered together.
  std::size_t batch = 1;
  /// Batches that may wait for their answer.
  std::size_t max_batches = 1'000'000;
};

/// What became of messages.
struct paced_amount {
  std::uint64_t sent = 0;
  std::uint64_t delivered = 0;
  /// Of the numbers of those that were delivered.
  std::uint64_t sum = 0;
  /// The others, by error.
  std::map<std::string, std::uint64_t> failures = {};
  /// How long the answers to batches took that were delivered.
  std::vector<std::chrono::nanoseconds> delays = {};
  /// The longest that the answer to a batch took of which nothing was
  /// delivered.
  std::chrono::nanoseconds longest_refusal{0};

  [[nodiscard]] std::uint64_t failed() const;
  /// That have no answer yet.
  [[nodiscard]] std::uint64_t open() const {
    return sent - delivered - failed();
  }
};

/// Messages 0, 1, ... to the engine `inbox` of one node.
class paced_stream {
public:
  explicit paced_stream(const node_id& to) : to_{to} {}

  [[nodiscard]] const node_id& to() const { return to_; }

  void set(const pace& x);
  [[nodiscard]] pace get() const;

  /// All so far.
  [[nodiscard]] paced_amount amount() const;

  /// Calls `f` with the amount so far, which it may change.
  template <class F>
  void change(F f) {
    std::lock_guard lock{mutex_};
    f(amount_);
  }

private:
  node_id to_;
  mutable std::mutex mutex_;
  pace pace_;
  paced_amount amount_;
};

/// How long the sending node may take to shut down.
inline constexpr std::chrono::seconds shutdown_grace{2};

/// The sending node.
class paced_sender {
public:
  paced_sender(const std::vector<node_advert>& to,
               const peer_settings& settings);
  paced_sender(const paced_sender&) = delete;
  paced_sender& operator=(const paced_sender&) = delete;
  ~paced_sender();

  /// One for each receiver, in the order of the adverts.
  [[nodiscard]] paced_stream& stream(std::size_t i) { return *streams_[i]; }
  [[nodiscard]] std::size_t streams() const { return streams_.size(); }

  /// Answers all that is open, and ends the node.
  void shutdown() { node_.reset(); }

  /// Whether any actor of the node is left. Each has a pointer to the loop.
  [[nodiscard]] bool has_actors() const { return !loop_.expired(); }

private:
  struct system_config : caf::actor_system_config {
    system_config();
  };

  system_config config_;
  caf::actor_system system_{config_};
  std::optional<node> node_;
  std::weak_ptr<event_loop> loop_;
  std::vector<std::shared_ptr<paced_stream>> streams_;
  std::vector<caf::actor> actors_;
};

} // namespace node_proxy::testing
