#include "line_reader.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <unistd.h>

namespace node_proxy::tools {

namespace {

/// Whether input can be read later although a read has failed: of a terminal
/// that is somebody else's for now it fails with EIO.
bool may_go_on(int error, int fd) {
  return error == EINTR || error == EAGAIN
         || (error == EIO && ::isatty(fd) != 0 && ::tcgetpgrp(fd) >= 0
             && ::tcgetpgrp(fd) != ::getpgrp());
}

} // namespace

void line_reader::read() {
  std::array<char, 64 * 1024> chunk;
  auto count = ::read(fd_, chunk.data(), chunk.size());
  if (count > 0) {
    buffer_.append(chunk.data(), static_cast<std::size_t>(count));
    if (skipping_)
      drop_front();
  } else if (count == 0) {
    ended_ = true;
  } else if (!may_go_on(errno, fd_)) {
    ended_ = true;
    error_ = errno;
  }
}

bool line_reader::may_read() const {
  auto foreground = ::isatty(fd_) != 0 ? ::tcgetpgrp(fd_) : -1;
  // It is no terminal, or not the one that this process belongs to.
  return foreground < 0 || foreground == ::getpgrp();
}

std::optional<input_line> line_reader::poll_line() {
  if (skipping_)
    return std::nullopt;
  auto end = buffer_.find('\n', searched_);
  if (end != std::string::npos) {
    auto line = take(end - begin_);
    begin_ = searched_ = end + 1;
    return line;
  }
  searched_ = buffer_.size();
  auto size = searched_ - begin_;
  if (size > limit_ || (ended_ && size > 0)) {
    auto line = take(size);
    skipping_ = !ended_;
    buffer_.clear();
    begin_ = searched_ = 0;
    return line;
  }
  // All complete lines were taken: only now is what they took up given back,
  // so that many short lines do not cost a move each.
  buffer_.erase(0, begin_);
  searched_ -= begin_;
  begin_ = 0;
  return std::nullopt;
}

input_line line_reader::take(std::size_t size) {
  return {buffer_.substr(begin_, std::min(size, limit_)), size > limit_};
}

/// Drops the rest of a line that was cut.
void line_reader::drop_front() {
  auto end = buffer_.find('\n');
  skipping_ = end == std::string::npos;
  buffer_.erase(0, skipping_ ? buffer_.size() : end + 1);
}

} // namespace node_proxy::tools
