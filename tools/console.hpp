// Messages that the user of `run` types.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include <node_proxy/actors/router.hpp>

#include "json_lines.hpp"
#include "line_reader.hpp"

namespace node_proxy::tools {

/// The name of the engine that typed messages come from.
inline constexpr std::string_view console_engine = "console";

/// How much is on its way. Shared by the thread that reads and the actor that
/// gets the outcomes.
class outstanding {
public:
  /// @param changed is set when there is room again.
  explicit outstanding(wakeup& changed) : changed_{changed} {}

  void add(std::size_t bytes);
  void remove(std::size_t bytes);

  /// Whether more should be read.
  [[nodiscard]] bool has_room() const;

private:
  // The cost of a CAF request grows with the number of open ones.
  static constexpr std::size_t most_messages = 256;
  static constexpr std::size_t most_bytes = 32u << 20;

  [[nodiscard]] bool room() const {
    return messages_ < most_messages && bytes_ < most_bytes;
  }

  wakeup& changed_;
  mutable std::mutex mutex_;
  std::size_t messages_ = 0;
  std::size_t bytes_ = 0;
};

/// Understands the lines of standard input, has the messages sent, and reports
/// what became of each.
class console {
public:
  console(caf::actor_system& system, const node_id& self,
          const router_actor& router, json_lines& out, wakeup& changed);
  console(const console&) = delete;
  console& operator=(const console&) = delete;
  ~console();

  /// Reads `send NODE_ID ENGINE TEXT`. Other lines are logged.
  void handle_line(const input_line& line);

  /// Whether another line can be taken now.
  [[nodiscard]] bool has_room() const { return outstanding_->has_room(); }

private:
  void report_failure(std::uint64_t id, std::string_view error,
                      std::string_view detail);

  node_id self_;
  json_lines& out_;
  std::shared_ptr<outstanding> outstanding_;
  caf::actor sender_;
  std::uint64_t last_id_ = 0;
};

} // namespace node_proxy::tools
