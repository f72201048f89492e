// Messages that the user of `run` types.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include <node_proxy/actors/router.hpp>

#include "json_lines.hpp"
#include "line_reader.hpp"

namespace node_proxy::tools {

/// The name of the engine that typed messages come from.
inline constexpr std::string_view console_engine = "console";

/// How much is on its way to each node. Shared by the thread that reads and the
/// actor that writes the outcomes.
class outstanding {
public:
  // Of one node, and of all together.
  static constexpr std::size_t max_messages = 4'096;
  static constexpr std::size_t max_bytes = 32u << 20;
  static constexpr std::size_t max_all_bytes = 256u << 20;
  // What each node may have whatever others have.
  static constexpr std::size_t sure_bytes = 1u << 20;
  // Reports that wait to be written: what is behind them waits no longer than
  // they take.
  static constexpr std::size_t max_reports = 256;

  // A node of which nothing has come to its end for so long is stuck.
  static constexpr std::chrono::milliseconds patience{50};

  using clock = std::chrono::steady_clock;

  /// @param changed is set when there is room again for a node that had none.
  explicit outstanding(wakeup& changed) : changed_{changed} {}

  /// @returns whether there was room for a message of this size.
  [[nodiscard]] bool add(const node_id& to, std::size_t bytes);
  void remove(const node_id& to, std::size_t bytes);

  /// Until when it is worth waiting for room for a node, if something comes to
  /// its end; has passed if the node is stuck.
  [[nodiscard]] clock::time_point worth_waiting_until(const node_id& to) const;

  /// Reports that are to be written, beside messages.
  void add_report();
  void remove_report();

  /// Whether more should be read.
  [[nodiscard]] bool has_room_for_reports() const;

private:
  struct share {
    std::size_t messages = 0;
    std::size_t bytes = 0;
    bool full = false;
    // When something came to its end, or the first one was added.
    clock::time_point moved;
  };

  wakeup& changed_;
  mutable std::mutex mutex_;
  std::unordered_map<node_id, share> shares_;
  std::size_t bytes_ = 0;
  std::size_t reports_ = 0;
};

/// Understands the lines of standard input, has the messages sent, and reports
/// what became of each. What is for a node that is stuck fails, so that lines
/// for others are read.
class console {
public:
  using clock = outstanding::clock;

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

  /// Whether another line can be taken now.
  [[nodiscard]] bool has_room() const {
    return !waiting_ && outstanding_->has_room_for_reports();
  }

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

  tl::expected<node_id, std::string> parse_node(std::string_view text);
  bool try_send(std::uint64_t id, node_out_msg& msg);
  void report_full(std::uint64_t id);
  void report_failure(std::uint64_t id, std::string_view error,
                      std::string_view detail);

  node_id self_;
  std::shared_ptr<outstanding> outstanding_;
  caf::actor reporter_;
  caf::actor sender_;
  std::uint64_t last_id_ = 0;
  std::optional<waiting_line> waiting_;
  // The last one that was read: to check an id takes longer than all the rest.
  std::string last_node_text_;
  node_id last_node_;
};

} // namespace node_proxy::tools
