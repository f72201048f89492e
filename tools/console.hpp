// Messages that the user of `run` types.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include <node_proxy/actors/router.hpp>

#include "json_lines.hpp"
#include "line_reader.hpp"

namespace node_proxy::tools {

/// The name of the engine that typed messages come from.
inline constexpr std::string_view console_engine = "console";

/// How much is on its way to each node. Shared by the thread that reads and the
/// actor that gets the outcomes.
class outstanding {
public:
  // Of one node, and of all together.
  static constexpr std::size_t max_messages = 4'096;
  static constexpr std::size_t max_bytes = 32u << 20;
  static constexpr std::size_t max_all_bytes = 256u << 20;

  /// @param changed is set when there is room again for a node that had none.
  explicit outstanding(wakeup& changed) : changed_{changed} {}

  /// @returns whether there was room for a message of this size.
  [[nodiscard]] bool add(const node_id& to, std::size_t bytes);
  void remove(const node_id& to, std::size_t bytes);

  /// There was no room for a node for as long as it is worth waiting. It is
  /// slow until half of what is on its way to it has come to its end.
  void handle_slow(const node_id& to);
  [[nodiscard]] bool is_slow(const node_id& to) const;

private:
  struct share {
    std::size_t messages = 0;
    std::size_t bytes = 0;
    bool full = false;
    bool slow = false;
  };

  wakeup& changed_;
  mutable std::mutex mutex_;
  std::unordered_map<node_id, share> shares_;
  std::size_t bytes_ = 0;
};

/// Understands the lines of standard input, has the messages sent, and reports
/// what became of each. A node that takes nothing holds up lines for others for
/// `patience` once; then what is for it fails until it goes on.
class console {
public:
  using clock = std::chrono::steady_clock;

  static constexpr std::chrono::milliseconds patience{50};

  console(caf::actor_system& system, const node_id& self,
          const router_actor& router, json_lines& out, wakeup& changed);
  console(const console&) = delete;
  console& operator=(const console&) = delete;
  ~console();

  /// Reads `send NODE_ID ENGINE TEXT`. Other lines are logged. To be called
  /// only if nothing waits for room.
  void handle_line(const input_line& line);

  /// There may be room, or time may be up, for the line that waits.
  void handle_changed();

  /// Until when a line waits for room, if one does.
  [[nodiscard]] std::optional<clock::time_point> waits_until() const {
    return waiting_ ? std::optional{waiting_->until} : std::nullopt;
  }

private:
  struct waiting_line {
    std::uint64_t id = 0;
    node_out_msg msg;
    clock::time_point until;
  };

  bool try_send(std::uint64_t id, node_out_msg& msg);
  void report_full(std::uint64_t id);
  void report_failure(std::uint64_t id, std::string_view error,
                      std::string_view detail);

  node_id self_;
  json_lines& out_;
  std::shared_ptr<outstanding> outstanding_;
  caf::actor sender_;
  std::uint64_t last_id_ = 0;
  std::optional<waiting_line> waiting_;
};

} // namespace node_proxy::tools
