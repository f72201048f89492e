#include "engines.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/error.hpp>
#include <node_proxy/base/hex.hpp>
#include <node_proxy/messages/limits.hpp>

#include "message_folder.hpp"

namespace node_proxy::tools {

using internal::send_request;
using internal::set_fallback;

namespace {

/// Most engines have no use for the Router.
constexpr auto ignore_router = [](const caf::actor&) {
};

// -- print --------------------------------------------------------------------

/// What lines about messages begin with.
json header_of(std::string_view event, const engine_msg& msg) {
  json result;
  result["event"] = event;
  if (msg.sender.node)
    result["from"] = to_hex(msg.sender.node->data);
  result["engine"] = msg.target.name;
  if (msg.mailbox)
    result["mailbox"] = *msg.mailbox;
  return result;
}

json to_line(const engine_msg& msg) {
  auto result = header_of("received", msg);
  add_payload(result, msg.msg);
  return result;
}

/// A reader who takes nothing makes senders wait. Only what is written has been
/// taken: the sender may forget it then, and this process may be killed.
caf::behavior print_engine(caf::event_based_actor* self, json_lines* out) {
  return {
    ignore_router,
    [out](const engine_msg_batch& batch) {
      std::vector<json> lines;
      for (const auto& msg : batch.msgs)
        lines.push_back(to_line(msg));
      return batch_taken{out->write_through(lines)};
    },
    [self](caf::flush_atom) { self->quit(); },
  };
}

// -- save ---------------------------------------------------------------------

/// How often to try again what a folder has not taken.
constexpr std::chrono::milliseconds save_interval{1'000};

std::uint64_t unix_microseconds() {
  auto since = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
    std::chrono::duration_cast<std::chrono::microseconds>(since).count());
}

json to_line(const engine_msg& msg, const std::string& file) {
  auto result = header_of("saved", msg);
  result["bytes"] = msg.msg.size();
  result["file"] = file;
  return result;
}

/// Writes messages, and tries until that is done.
/// @returns how many were written before the program ends.
std::size_t save(message_folder& folder, std::span<const engine_msg> messages,
                 json_lines& out) {
  std::string trouble;
  std::size_t saved = 0;
  while (saved < messages.size()) {
    auto done = folder.save(messages.subspan(saved), unix_microseconds());
    for (const auto& file : done.files)
      out.offer(to_line(messages[saved++], file));
    auto before = std::exchange(trouble, std::move(done.error));
    if (trouble.empty() && !before.empty())
      spdlog::info("folder {}: messages are saved there again", folder.path());
    if (trouble.empty())
      break;
    if (trouble != before)
      spdlog::error("{}; engine {} takes no messages until one can be saved",
                    trouble, messages[saved].target.name);
    if (out.wait_closed(save_interval))
      break;
  }
  return saved;
}

/// A folder that takes nothing makes senders wait, as a reader does who takes
/// nothing of `print`.
caf::behavior save_engine(caf::event_based_actor* self,
                          const std::string& folder, json_lines* out) {
  auto files = std::make_shared<message_folder>(folder);
  return {
    ignore_router,
    [files, out](const engine_msg_batch& batch) {
      return batch_taken{save(*files, batch.msgs, *out)};
    },
    [self](caf::flush_atom) { self->quit(); },
  };
}

// -- echo ---------------------------------------------------------------------

/// Until when an echo is worth delivering, in seconds.
constexpr std::uint64_t echo_expiry = 30;

/// Bytes of echoes that may be on their way to one node. Whoever sends without
/// taking what comes back is told that the rest has failed, and keeps nobody
/// else waiting.
constexpr std::size_t max_echoes = 16u << 20;

using echoes_under_way = std::unordered_map<node_id, std::size_t>;

std::size_t size_of(const engine_msg& msg) {
  return msg.msg.size() + limits::message_overhead;
}

engine_msg make_echo(const engine_msg& msg) {
  return {{std::nullopt, msg.target.name}, msg.sender, msg.mailbox, msg.msg};
}

/// The messages of a batch are all of one node.
batch_taken echo(caf::event_based_actor* self, const router_actor& router,
                 const std::shared_ptr<echoes_under_way>& under_way,
                 const engine_msg_batch& batch) {
  auto node = batch.msgs.front().sender.node.value_or(node_id{});
  auto& bytes = (*under_way)[node];
  auto before = bytes;
  node_out_batch echoes;
  for (const auto& msg : batch.msgs) {
    if (bytes > 0 && bytes + size_of(msg) > max_echoes)
      break;
    bytes += size_of(msg);
    echoes.msgs.push_back({{}, rel_time{echo_expiry}, make_echo(msg)});
  }
  batch_taken result{echoes.msgs.size()};
  if (result.count == 0)
    return result;
  auto forget = [under_way, node, added = bytes - before] {
    auto known = under_way->find(node);
    if ((known->second -= added) == 0)
      under_way->erase(known);
  };
  send_request(self, router, std::chrono::seconds{2 * echo_expiry},
               std::move(echoes))
    .then(
      [forget](const batch_outcome& outcome) {
        for (const auto& failure : outcome.failures)
          spdlog::debug("an echo was not delivered: {}",
                        to_string(failure.error));
        forget();
      },
      [forget](const caf::error& error) {
        spdlog::debug("echoes were not delivered: {}", describe(error));
        forget();
      });
  return result;
}

caf::behavior echo_behavior(caf::event_based_actor* self,
                            const router_actor& router) {
  auto under_way = std::make_shared<echoes_under_way>();
  return {
    [self, router, under_way](const engine_msg_batch& batch) {
      return echo(self, router, under_way, batch);
    },
    [self](caf::flush_atom) { self->quit(); },
  };
}

caf::behavior echo_engine(caf::event_based_actor* self) {
  // Messages wait until it is known where echoes go.
  set_fallback(self, caf::skip);
  return {
    [self](const caf::actor& handle) {
      self->become(echo_behavior(self, caf::actor_cast<router_actor>(handle)));
    },
    [self](caf::flush_atom) { self->quit(); },
  };
}

// -- count --------------------------------------------------------------------

struct totals {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
};

json to_line(const engine_name& name, const totals& counted) {
  return {{"event", "count"},
          {"engine", name},
          {"messages", counted.messages},
          {"bytes", counted.bytes}};
}

caf::behavior count_engine(caf::event_based_actor* self,
                           const engine_name& name, json_lines* out) {
  auto counted = std::make_shared<totals>();
  send_later(self, std::chrono::seconds{1}, caf::tick_atom_v);
  return {
    ignore_router,
    [counted](const engine_msg_batch& batch) {
      for (const auto& msg : batch.msgs) {
        ++counted->messages;
        counted->bytes += msg.msg.size();
      }
      return done{};
    },
    [self, name, out, counted](caf::tick_atom) {
      out->offer(to_line(name, *counted));
      send_later(self, std::chrono::seconds{1}, caf::tick_atom_v);
    },
    [self, name, out, counted](caf::flush_atom) {
      out->offer(to_line(name, *counted));
      self->quit();
    },
  };
}

} // namespace

caf::actor spawn_engine(caf::actor_system& system, const engine_option& what,
                        json_lines& out) {
  // What writes may have to wait for the reader, and has a thread of its own.
  switch (what.kind) {
  case engine_kind::echo:
    return system.spawn(echo_engine);
  case engine_kind::count:
    return system.spawn<caf::detached>(count_engine, what.name, &out);
  case engine_kind::save:
    return system.spawn<caf::detached>(save_engine, what.folder, &out);
  case engine_kind::print:
    break;
  }
  return system.spawn<caf::detached>(print_engine, &out);
}

} // namespace node_proxy::tools
