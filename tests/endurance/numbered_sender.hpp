// A node that sends numbered messages.

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <node_proxy/actors/node.hpp>
#include <node_proxy/protocol/settings.hpp>

namespace node_proxy::testing {

/// The text of the message with this number.
[[nodiscard]] std::string numbered_text(std::uint64_t number);

/// The text of the one after the last number.
inline constexpr std::string_view last_text{"the end"};

/// How much is to be sent.
struct amount {
  std::uint64_t messages = 0;
  /// More of them if they take less time than that.
  std::chrono::seconds time{0};
};

/// What became of it.
struct sent_amount {
  std::uint64_t sent = 0;
  std::uint64_t delivered = 0;
  /// The others, by error.
  std::map<std::string, std::uint64_t> failures = {};
};

/// Settings of a node that lives with a bad network, and tries again soon.
[[nodiscard]] peer_settings impatient_settings();

/// Sends messages 0, 1, ... to the engine `inbox` of another node, from a node
/// and a thread of its own. As many are under way as keep the connection busy.
class numbered_sender {
public:
  /// @param advert_file names the receiver.
  numbered_sender(const std::string& advert_file, const amount& how_much,
                  const peer_settings& settings = impatient_settings());
  numbered_sender(const numbered_sender&) = delete;
  numbered_sender& operator=(const numbered_sender&) = delete;
  /// Stops early, if it has not finished.
  ~numbered_sender();

  /// In hex, as in events.
  [[nodiscard]] const std::string& id() const { return id_; }

  /// Waits for the outcomes of all messages, the last one included.
  const sent_amount& finish();

private:
  void run(const amount& how_much);
  void send_numbers(caf::scoped_actor& self);
  void send_batch(caf::scoped_actor& self, node_out_batch batch);
  [[nodiscard]] node_out_msg make_msg(std::string_view text) const;
  void await_first();

  struct system_config : caf::actor_system_config {
    system_config();
  };

  node_id to_;
  std::string id_;
  system_config config_;
  caf::actor_system system_{config_};
  std::optional<node> node_;
  std::deque<std::function<void()>> open_;
  sent_amount done_;
  std::atomic<bool> stopped_ = false;
  std::thread thread_;
};

} // namespace node_proxy::testing
