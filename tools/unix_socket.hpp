// Sockets of this host that have a path.

#pragma once

#include <string>
#include <utility>

#include <sys/types.h>

#include <node_proxy/messages/basics.hpp>

namespace node_proxy::tools {

/// A descriptor that is closed with this.
class owned_fd {
public:
  owned_fd() = default;
  explicit owned_fd(int fd) : fd_{fd} {}
  owned_fd(owned_fd&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  owned_fd& operator=(owned_fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~owned_fd();

  [[nodiscard]] int get() const noexcept { return fd_; }

private:
  int fd_ = -1;
};

/// A socket that others can connect to, until this ends.
class unix_listener {
public:
  /// Listens at `path`, with mode 0600. What a process has left there that has
  /// ended is replaced. Errors: a sentence that names the path, and the process
  /// that listens there.
  [[nodiscard]] static tl::expected<unix_listener, std::string>
  open(const std::string& path);

  unix_listener(unix_listener&& other) noexcept = default;
  unix_listener& operator=(unix_listener&&) = delete;

  /// Removes the socket from its folder, unless another one is there.
  ~unix_listener();

  /// Does not block.
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

private:
  unix_listener(owned_fd fd, std::string path);

  owned_fd fd_;
  std::string path_;
  // Of the file.
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

/// Connects to a socket of this kind. Errors: a sentence that names the path.
[[nodiscard]] tl::expected<owned_fd, std::string>
connect_to(const std::string& path);

} // namespace node_proxy::tools
