#include "console.hpp"

#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/error.hpp>
#include <node_proxy/base/hex.hpp>
#include <node_proxy/protocol/settings.hpp>

#include "options.hpp"

namespace node_proxy::tools {

using internal::send_anonymously;
using internal::send_request;

namespace {

/// How long a typed message is worth delivering, in seconds.
constexpr std::uint64_t console_expiry = 60;

json failed_line(std::uint64_t id, std::string_view error,
                 std::string_view detail) {
  json result;
  result["event"] = "failed";
  result["id"] = id;
  result["error"] = error;
  if (!detail.empty())
    result["detail"] = detail;
  return result;
}

json delivered_line(std::uint64_t id) {
  json result;
  result["event"] = "delivered";
  result["id"] = id;
  return result;
}

/// With what a user who typed the message wants to know of it.
caf::error with_details(const caf::error& error, const node_id& to,
                        const engine_name& engine, std::size_t size) {
  auto code = code_of(error);
  auto octets = std::to_string(size) + " octets for engine '" + engine + "' of "
                + to_hex(to.data);
  if (code == errc::too_large)
    return make_error(errc::too_large,
                      octets + " are more than it takes: "
                        + std::to_string(peer_settings{}.max_message)
                        + " with what goes with a message, unless it was told "
                          "otherwise");
  if (code != errc::malformed)
    return error;
  if (is_engine_name(engine))
    return make_error(errc::malformed, octets + " were not understood there");
  return make_error(errc::malformed,
                    "a name of " + std::to_string(engine.size())
                      + " octets is no engine name: expected 1 to 255 octets "
                        "of UTF-8");
}

/// Writes what became of messages.
caf::behavior reporter_actor(caf::event_based_actor* self, json_lines* out,
                             const std::shared_ptr<outstanding>& open) {
  return {
    [=](std::uint64_t id, const node_id& to, std::size_t size) {
      static_cast<void>(out->write(delivered_line(id)));
      open->remove(to, size);
    },
    [=](std::uint64_t id, const node_id& to, std::size_t size,
        const caf::error& error) {
      auto code = code_of(error);
      static_cast<void>(out->write(failed_line(
        id, code ? to_string(*code) : describe(error), context_of(error))));
      open->remove(to, size);
    },
    [=](std::uint64_t id, const std::string& error, const std::string& detail) {
      static_cast<void>(out->write(failed_line(id, error, detail)));
      open->remove_report();
    },
    [self](caf::flush_atom) { self->quit(); },
  };
}

/// Sends what it gets, and has it reported what became of that. It does not
/// wait for who reads the reports. Each request is answered when its message
/// expires, so CAF need not measure the time as well.
caf::behavior sender_actor(caf::event_based_actor* self,
                           const router_actor& router,
                           const caf::actor& reporter) {
  return {
    [=](std::uint64_t id, const node_out_msg& msg) {
      auto to = *msg.msg.target.node;
      auto engine = msg.msg.target.name;
      auto size = msg.msg.msg.size();
      send_request(self, router, caf::infinite, msg)
        .then([=](delivered) { send_anonymously(reporter, id, to, size); },
              [=](const caf::error& error) {
                send_anonymously(reporter, id, to, size,
                                 with_details(error, to, engine, size));
              });
    },
    [=](caf::flush_atom) {
      send_anonymously(reporter, caf::flush_atom_v);
      self->quit();
    },
  };
}

/// The first word of `text`, which is removed there together with the one
/// blank behind it.
std::string_view take_word(std::string_view& text) {
  auto end = text.find(' ');
  auto word = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return word;
}

} // namespace

bool outstanding::add(const node_id& to, std::size_t bytes) {
  std::lock_guard guard{mutex_};
  auto& share = shares_[to];
  // One message always has room, however large it is.
  share.full =
    share.messages > 0
    && (share.messages >= max_messages || share.bytes + bytes > max_bytes
        || (share.bytes + bytes > sure_bytes
            && bytes_ + bytes > max_all_bytes));
  if (share.full)
    return false;
  if (share.messages++ == 0)
    share.moved = clock::now();
  share.bytes += bytes;
  bytes_ += bytes;
  return true;
}

void outstanding::remove(const node_id& to, std::size_t bytes) {
  std::lock_guard guard{mutex_};
  auto position = shares_.find(to);
  auto& share = position->second;
  --share.messages;
  share.bytes -= bytes;
  bytes_ -= bytes;
  share.moved = clock::now();
  if (std::exchange(share.full, false))
    changed_.set();
  if (share.messages == 0)
    shares_.erase(position);
}

outstanding::clock::time_point
outstanding::worth_waiting_until(const node_id& to) const {
  std::lock_guard guard{mutex_};
  auto share = shares_.find(to);
  return share != shares_.end() ? share->second.moved + patience
                                : clock::time_point{};
}

void outstanding::add_report() {
  std::lock_guard guard{mutex_};
  ++reports_;
}

void outstanding::remove_report() {
  std::lock_guard guard{mutex_};
  if (--reports_ == max_reports / 2)
    changed_.set();
}

bool outstanding::has_room_for_reports() const {
  std::lock_guard guard{mutex_};
  return reports_ < max_reports;
}

console::console(caf::actor_system& system, const node_id& self,
                 const router_actor& router, json_lines& out, wakeup& changed)
  : self_{self}, outstanding_{std::make_shared<outstanding>(changed)},
    // It writes and may have to wait for the reader.
    reporter_{system.spawn<caf::detached>(reporter_actor, &out, outstanding_)},
    sender_{system.spawn(sender_actor, router, reporter_)} {}

console::~console() {
  send_anonymously(sender_, caf::flush_atom_v);
}

void console::handle_line(const input_line& line) {
  std::string_view rest = line.text;
  if (rest.empty())
    return;
  if (take_word(rest) != "send") {
    spdlog::warn("a line of standard input is not understood: expected "
                 "'send NODE_ID ENGINE TEXT'");
    return;
  }
  auto id = ++last_id_;
  auto node = parse_node(take_word(rest));
  if (!node)
    return report_failure(id, "malformed", node.error());
  auto engine = take_word(rest);
  if (engine.empty())
    return report_failure(id, "malformed", "no engine is named");
  if (line.cut)
    return report_failure(id, "too_large",
                          "the line has more than "
                            + std::to_string(longest_line) + " octets");
  node_out_msg msg;
  msg.expiry = rel_time{console_expiry};
  msg.msg.sender = {self_, engine_name{console_engine}};
  msg.msg.target = {*node, engine_name{engine}};
  msg.msg.msg = to_bytes(rest);
  if (!try_send(id, msg))
    waiting_ = waiting_line{id, std::move(msg), {}};
  handle_changed();
}

void console::handle_changed() {
  if (!waiting_)
    return;
  auto& [id, msg, until] = *waiting_;
  if (!try_send(id, msg)) {
    until = outstanding_->worth_waiting_until(*msg.msg.target.node);
    if (clock::now() < until)
      return;
    report_full(id);
  }
  waiting_.reset();
}

tl::expected<node_id, std::string> console::parse_node(std::string_view text) {
  if (text == last_node_text_ && !text.empty())
    return last_node_;
  auto result = parse_node_id(text);
  if (result) {
    last_node_text_ = text;
    last_node_ = *result;
  }
  return result;
}

/// @returns false if there is no room.
bool console::try_send(std::uint64_t id, node_out_msg& msg) {
  if (!outstanding_->add(*msg.msg.target.node, msg.msg.msg.size()))
    return false;
  send_anonymously(sender_, id, std::move(msg));
  return true;
}

void console::report_full(std::uint64_t id) {
  report_failure(id, "outbox_full",
                 "as many messages to this node wait for an answer as may");
}

/// By somebody who may wait for the reader.
void console::report_failure(std::uint64_t id, std::string_view error,
                             std::string_view detail) {
  outstanding_->add_report();
  send_anonymously(reporter_, id, std::string{error}, std::string{detail});
}

} // namespace node_proxy::tools
