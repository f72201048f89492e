#include "service_notifier.hpp"

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "unix_socket.hpp"

namespace node_proxy::tools {

namespace {

/// @param waits whether it has a second for a service manager that is busy.
void notify(std::string_view text, bool waits = false) {
  const char* named = std::getenv("NOTIFY_SOCKET");
  std::string_view path = named ? named : "";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path))
    return;
  path.copy(address.sun_path, path.size());
  // An abstract socket, which begins with a zero octet.
  if (path.front() == '@')
    address.sun_path[0] = '\0';
  auto size =
    static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  internal::descriptor fd{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  // Whoever does not listen does not keep the node from running.
  const timeval at_most{1, 0};
  static_cast<void>(
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &at_most, sizeof(at_most)));
  static_cast<void>(::sendto(fd.get(), text.data(), text.size(),
                             MSG_NOSIGNAL | (waits ? 0 : MSG_DONTWAIT),
                             reinterpret_cast<const sockaddr*>(&address),
                             size));
}

std::optional<std::uint64_t> number_in(const char* name) {
  const char* value = std::getenv(name);
  if (!value)
    return std::nullopt;
  std::string_view text = value;
  std::uint64_t result = 0;
  auto [end, error] =
    std::from_chars(text.data(), text.data() + text.size(), result);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return result;
}

/// How often a sign of life is expected of this process.
std::optional<std::chrono::milliseconds> watchdog() {
  auto us = number_in("WATCHDOG_USEC");
  auto pid = number_in("WATCHDOG_PID");
  if (!us || *us < 2'000 || *us > 86'400'000'000
      || (pid && *pid != static_cast<std::uint64_t>(::getpid())))
    return std::nullopt;
  return std::chrono::milliseconds{*us / 1'000};
}

} // namespace

service_notifier::~service_notifier() {
  stop_watching();
}

void service_notifier::handle_ready(const std::string& status,
                                    std::function<bool()> alive) {
  // Without it the node would be ended in the end.
  notify("READY=1\nSTATUS=" + status, true);
  auto interval = watchdog();
  if (!interval)
    return;
  watching_ = std::thread{[this, alive = std::move(alive),
                           ms = static_cast<int>(interval->count() / 2)] {
    pollfd end{ended_.fd(), POLLIN, 0};
    while (::poll(&end, 1, ms) <= 0)
      if (alive())
        notify("WATCHDOG=1");
  }};
}

void service_notifier::handle_stopping() {
  stop_watching();
  notify("STOPPING=1");
}

void service_notifier::stop_watching() {
  ended_.set();
  if (watching_.joinable())
    watching_.join();
}

} // namespace node_proxy::tools
