#include "unix_socket.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iomanip>
#include <limits>
#include <optional>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <node_proxy/actors/disk/ownership.hpp>

namespace node_proxy::tools {

namespace {

/// How long a folder may be locked by others.
constexpr std::chrono::seconds lock_patience{2};

/// How long to wait for a place in the queue of a socket, and how often to look
/// for one.
constexpr std::chrono::seconds connect_patience{20};
constexpr std::chrono::milliseconds connect_pause{50};

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

/// The process that has locked the file, as the system lists it.
std::string locker_of(int fd) {
  struct stat info {};
  std::ostringstream where;
  if (::fstat(fd, &info) == 0)
    where << std::hex << std::setfill('0') << std::setw(2) << major(info.st_dev)
          << ':' << std::setw(2) << minor(info.st_dev) << ':' << std::dec
          << info.st_ino;
  std::ifstream locks{"/proc/locks"};
  // 1: FLOCK  ADVISORY  WRITE 1234 fe:00:5678 0 EOF
  std::string number;
  std::string kind;
  std::string mode;
  std::string access;
  std::string pid;
  std::string file;
  while (locks >> number >> kind >> mode >> access >> pid >> file) {
    if (kind == "FLOCK" && file == where.str())
      return "process " + pid;
    locks.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return "another process";
}

/// Takes the lock of a folder, which whoever makes a socket has for a moment.
tl::expected<void, std::string> lock_folder(int fd, const std::string& path,
                                            const std::string& folder) {
  constexpr std::chrono::milliseconds pause{20};
  auto until = std::chrono::steady_clock::now() + lock_patience;
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return tl::unexpected{system_failure(path)};
    if (std::chrono::steady_clock::now() >= until)
      return tl::unexpected{failure(
        path, locker_of(fd) + " has locked the folder " + folder
                + " (flock), which a node does while it makes its socket; "
                  "expected one that nobody has locked")};
    std::this_thread::sleep_for(pause);
  }
  return {};
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
  // Whoever may replace it gets what is meant for the node.
  if (auto ok = internal::check_folder_of({"control socket", path}); !ok)
    return tl::unexpected{ok.error().text};
  // Two that start at once do not remove each other's socket.
  auto folder = internal::folder_of(path);
  internal::descriptor lock{
    ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (lock.get() < 0)
    return tl::unexpected{system_failure(path)};
  if (auto ok = lock_folder(lock.get(), path, folder); !ok)
    return tl::unexpected{ok.error()};
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
connect_to(const std::string& path, int stop) {
  auto address = address_of(path);
  if (!address)
    return tl::unexpected{failure(path, "a path has 1 to 107 octets here")};
  // A connect that waits for a place in a full queue would hear no signal.
  auto fd = new_socket(SOCK_NONBLOCK);
  auto until = std::chrono::steady_clock::now() + connect_patience;
  while (::connect(fd.get(), as_sockaddr(*address), sizeof(*address)) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED)
      return tl::unexpected{failure(path, "no node runs there; expected what "
                                          "--control of a running one names")};
    if (errno != EAGAIN && errno != EINTR)
      return tl::unexpected{system_failure(path)};
    pollfd stopped{stop, POLLIN, 0};
    if (::poll(&stopped, 1, static_cast<int>(connect_pause.count())) > 0
        || std::chrono::steady_clock::now() >= until)
      return tl::unexpected{failure(path, "the node takes nobody in; it is "
                                          "stopped or stuck")};
  }
  if (::fcntl(fd.get(), F_SETFL, 0) != 0)
    return tl::unexpected{system_failure(path)};
  return fd;
}

} // namespace node_proxy::tools
