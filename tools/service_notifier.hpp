// Tells systemd how the program is.

#pragma once

#include <functional>
#include <string>
#include <thread>

#include "wakeup.hpp"

namespace node_proxy::tools {

/// The datagrams of sd_notify(3), if a service manager asks for them by
/// `NOTIFY_SOCKET` and `WATCHDOG_USEC`. They are a few lines, so that no
/// library is needed for them. Nothing is told twice, or to nobody.
class service_notifier {
public:
  service_notifier() = default;
  service_notifier(const service_notifier&) = delete;
  service_notifier& operator=(const service_notifier&) = delete;
  ~service_notifier();

  /// The node runs.
  /// @param status a line for people.
  /// @param alive whether it still does, which is asked again and again by a
  ///              thread of this if there is a watchdog.
  void handle_ready(const std::string& status, std::function<bool()> alive);

  /// The node begins to end, and is not watched any more.
  void handle_stopping();

private:
  void stop_watching();

  wakeup ended_;
  std::thread watching_;
};

} // namespace node_proxy::tools
