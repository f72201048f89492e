// Sockets of this host that have a path.

#pragma once

#include <string>

#include <sys/types.h>

#include <node_proxy/actors/loop/descriptor.hpp>
#include <node_proxy/base/bytes.hpp>

namespace node_proxy::tools {

/// A socket that others can connect to, until this ends.
class unix_listener {
public:
  /// Listens at `path`, with mode 0600. What a process has left there that has
  /// ended is replaced. The folder is one where nobody else can replace the
  /// socket (`check_folder_of`), and which nobody keeps locked. Errors: a
  /// sentence that names the path, and the process that listens there or has
  /// the lock.
  [[nodiscard]] static tl::expected<unix_listener, std::string>
  open(const std::string& path);

  unix_listener(unix_listener&& other) noexcept = default;
  unix_listener& operator=(unix_listener&&) = delete;

  /// Removes the socket from its folder, unless another one is there.
  ~unix_listener();

  /// Does not block.
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

private:
  unix_listener(internal::descriptor fd, std::string path);

  internal::descriptor fd_;
  std::string path_;
  // Of the file.
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

/// Connects to a socket of this kind, if whoever has it takes somebody in
/// before long, and before `stop` is readable (-1 for never). Errors: a
/// sentence that names the path.
[[nodiscard]] tl::expected<internal::descriptor, std::string>
connect_to(const std::string& path, int stop = -1);

} // namespace node_proxy::tools
