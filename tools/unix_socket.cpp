#include "unix_socket.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace node_proxy::tools {

namespace {

std::string failure(const std::string& path, std::string_view what) {
  return "control socket " + path + ": " + std::string{what};
}

std::string system_failure(const std::string& path) {
  return failure(path, std::strerror(errno));
}

/// The path as a socket address, which has 107 octets for it.
std::optional<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un result{};
  result.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(result.sun_path)
      || path.find('\0') != std::string::npos)
    return std::nullopt;
  path.copy(result.sun_path, path.size());
  return result;
}

internal::descriptor new_socket(int flags) {
  return internal::descriptor{
    ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0)};
}

const sockaddr* as_sockaddr(const sockaddr_un& x) {
  return reinterpret_cast<const sockaddr*>(&x);
}

/// Who listens at the other end of `fd`.
std::string holder(int fd) {
  ucred who{};
  socklen_t size = sizeof(who);
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0)
    return "another process";
  return "process " + std::to_string(who.pid);
}

/// Removes what a process has left that has ended.
tl::expected<void, std::string> clear(const std::string& path,
                                      const sockaddr_un& address) {
  struct stat there {};
  if (::lstat(path.c_str(), &there) != 0) {
    if (errno == ENOENT)
      return {};
    return tl::unexpected{system_failure(path)};
  }
  if (!S_ISSOCK(there.st_mode))
    return tl::unexpected{failure(path, "something else is there: no socket")};
  auto probe = new_socket(SOCK_NONBLOCK);
  auto connected =
    ::connect(probe.get(), as_sockaddr(address), sizeof(address)) == 0;
  // Its queue is full, so it is somebody's.
  if (connected || errno == EAGAIN)
    return tl::unexpected{failure(
      path, connected ? "is that of " + holder(probe.get())
                          + ", which runs: a node has a socket of its own"
                      : "is that of another process, which runs")};
  if (errno != ECONNREFUSED || ::unlink(path.c_str()) != 0)
    return tl::unexpected{system_failure(path)};
  return {};
}

} // namespace

unix_listener::unix_listener(internal::descriptor fd, std::string path)
  : fd_{std::move(fd)}, path_{std::move(path)} {
  struct stat own {};
  if (::lstat(path_.c_str(), &own) == 0) {
    device_ = own.st_dev;
    inode_ = own.st_ino;
  }
}

unix_listener::~unix_listener() {
  struct stat there {};
  if (fd_.get() >= 0 && ::lstat(path_.c_str(), &there) == 0
      && there.st_dev == device_ && there.st_ino == inode_)
    ::unlink(path_.c_str());
}

tl::expected<unix_listener, std::string>
unix_listener::open(const std::string& path) {
  auto address = address_of(path);
  if (!address)
    return tl::unexpected{failure(path, "a path has 1 to 107 octets here")};
  // Two that start at once do not remove each other's socket.
  auto folder = std::filesystem::path{path}.parent_path();
  internal::descriptor lock{::open(folder.empty() ? "." : folder.c_str(),
                                   O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (lock.get() < 0 || ::flock(lock.get(), LOCK_EX) != 0)
    return tl::unexpected{system_failure(path)};
  if (auto ok = clear(path, *address); !ok)
    return tl::unexpected{ok.error()};
  auto fd = new_socket(SOCK_NONBLOCK);
  // The file gets the mode that the socket has.
  if (fd.get() < 0 || ::fchmod(fd.get(), S_IRUSR | S_IWUSR) != 0
      || ::bind(fd.get(), as_sockaddr(*address), sizeof(*address)) != 0
      || ::listen(fd.get(), SOMAXCONN) != 0)
    return tl::unexpected{system_failure(path)};
  return unix_listener{std::move(fd), path};
}

tl::expected<internal::descriptor, std::string>
connect_to(const std::string& path) {
  auto address = address_of(path);
  if (!address)
    return tl::unexpected{failure(path, "a path has 1 to 107 octets here")};
  auto fd = new_socket(0);
  // Whoever has stopped takes nobody in.
  timeval patience{20, 0};
  if (fd.get() < 0
      || ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience,
                      sizeof(patience))
           != 0
      || ::connect(fd.get(), as_sockaddr(*address), sizeof(*address)) != 0) {
    auto nobody = errno == ENOENT || errno == ECONNREFUSED;
    return tl::unexpected{nobody
                            ? failure(path, "no node runs there; expected what "
                                            "--control of a running one names")
                            : system_failure(path)};
  }
  return fd;
}

} // namespace node_proxy::tools
