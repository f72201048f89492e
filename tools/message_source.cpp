#include "message_source.hpp"

#include <utility>

#include <poll.h>
#include <unistd.h>

namespace node_proxy::tools {

namespace {

void replace_all(std::string& text, std::string_view what,
                 std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos;
       at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

} // namespace

message_source::message_source(message_options options, int stop)
  : options_{std::move(options)}, input_{STDIN_FILENO, longest_line}, stop_{
                                                                        stop} {}

std::optional<bytes> message_source::poll_message(bool wait) {
  if (from_input() && !ended())
    return poll_input(wait);
  wait_for_input(false);
  if (ended())
    return std::nullopt;
  if (options_.content) {
    ++made_;
    return std::move(options_.content);
  }
  auto text = options_.text;
  replace_all(text, "{n}", std::to_string(made_++));
  return make_message(std::move(text));
}

std::optional<bytes> message_source::poll_input(bool wait) {
  auto line = input_.poll_line();
  while (!line && !input_.ended() && wait_for_input(wait)) {
    input_.read();
    line = input_.poll_line();
  }
  if (!line)
    return std::nullopt;
  failed_ = line->cut;
  if (failed_)
    return std::nullopt;
  return make_message(std::move(line->text));
}

/// @returns whether something can be read.
bool message_source::wait_for_input(bool wait) {
  for (;;) {
    auto may_read = from_input() && input_.may_read();
    pollfd fds[] = {{may_read ? input_.fd() : -1, POLLIN, 0},
                    {stop_, POLLIN, 0}};
    auto patience = may_read ? -1 : static_cast<int>(terminal_interval.count());
    if (::poll(fds, std::size(fds), wait ? patience : 0) > 0) {
      stopped_ = fds[1].revents != 0;
      return !stopped_ && fds[0].revents != 0 && input_.may_read();
    }
    if (!wait)
      return false;
  }
}

bool message_source::ended() const {
  if (stopped_)
    return true;
  if (from_input())
    return failed_ || (input_.ended() && input_.empty());
  return made_ == options_.count;
}

bytes message_source::make_message(std::string text) const {
  if (text.size() < options_.size)
    text.resize(options_.size, '.');
  return to_bytes(text);
}

} // namespace node_proxy::tools
