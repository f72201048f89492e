#include "console.hpp"

#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

#include <node_proxy/actors/error.hpp>

#include "options.hpp"

namespace node_proxy::tools {

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

json failed_line(std::uint64_t id, const caf::error& error) {
  auto code = code_of(error);
  return failed_line(id, code ? to_string(*code) : describe(error),
                     context_of(error));
}

json delivered_line(std::uint64_t id) {
  json result;
  result["event"] = "delivered";
  result["id"] = id;
  return result;
}

/// Sends what it gets, and writes what became of it.
caf::behavior sender_actor(caf::event_based_actor* self,
                           const router_actor& router, json_lines* out,
                           const std::shared_ptr<outstanding>& open) {
  return {
    [=](std::uint64_t id, const node_out_msg& msg) {
      auto size = msg.msg.msg.size();
      self->request(router, std::chrono::seconds{2 * console_expiry}, msg)
        .then(
          [=](delivered) {
            out->write(delivered_line(id));
            open->remove(size);
          },
          [=](const caf::error& error) {
            out->write(failed_line(id, error));
            open->remove(size);
          });
    },
    [self](caf::flush_atom) { self->quit(); },
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

void outstanding::add(std::size_t bytes) {
  std::lock_guard guard{mutex_};
  ++messages_;
  bytes_ += bytes;
}

void outstanding::remove(std::size_t bytes) {
  std::lock_guard guard{mutex_};
  auto had_room = room();
  --messages_;
  bytes_ -= bytes;
  if (!had_room && room())
    changed_.set();
}

bool outstanding::has_room() const {
  std::lock_guard guard{mutex_};
  return room();
}

console::console(caf::actor_system& system, const node_id& self,
                 const router_actor& router, json_lines& out, wakeup& changed)
  : self_{self}, out_{out}, outstanding_{std::make_shared<outstanding>(
                              changed)},
    // It writes and may have to wait for the reader.
    sender_{
      system.spawn<caf::detached>(sender_actor, router, &out, outstanding_)} {}

console::~console() {
  caf::anon_send(sender_, caf::flush_atom_v);
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
  auto node = parse_node_id(take_word(rest));
  if (!node)
    return report_failure(id, "malformed", node.error());
  auto engine = take_word(rest);
  if (engine.empty())
    return report_failure(id, "malformed", "no engine is named");
  if (line.cut)
    return report_failure(id, "too_large", "the line is too long");
  node_out_msg msg;
  msg.expiry = rel_time{console_expiry};
  msg.msg.sender = {self_, engine_name{console_engine}};
  msg.msg.target = {*node, engine_name{engine}};
  msg.msg.msg = to_bytes(rest);
  outstanding_->add(rest.size());
  caf::anon_send(sender_, id, std::move(msg));
}

void console::report_failure(std::uint64_t id, std::string_view error,
                             std::string_view detail) {
  out_.write(failed_line(id, error, detail));
}

} // namespace node_proxy::tools
