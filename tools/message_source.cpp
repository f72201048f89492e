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

bool is_readable(int fd, bool wait) {
  pollfd readable{fd, POLLIN, 0};
  return ::poll(&readable, 1, wait ? -1 : 0) > 0;
}

} // namespace

message_source::message_source(message_options options)
  : options_{std::move(options)}, input_{STDIN_FILENO, longest_line} {}

std::optional<bytes> message_source::poll_message(bool wait) {
  if (from_input())
    return poll_input(wait);
  if (ended())
    return std::nullopt;
  auto text = options_.text;
  replace_all(text, "{n}", std::to_string(made_++));
  return make_message(std::move(text));
}

std::optional<bytes> message_source::poll_input(bool wait) {
  auto line = input_.poll_line();
  while (!line && !input_.ended() && is_readable(input_.fd(), wait)) {
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

bool message_source::ended() const {
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
