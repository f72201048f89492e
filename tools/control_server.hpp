// Answers whoever connects to the control socket of a node.

#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <thread>

#include "unix_socket.hpp"
#include "wakeup.hpp"

namespace node_proxy::tools {

/// A client sends a line, and reads what comes up to the end. All of them are
/// served by one thread, which waits for none: who takes too long is dropped,
/// and so is the one that came first if too many are there.
class control_server {
public:
  static constexpr std::size_t max_request = 1'024;
  static constexpr std::size_t max_clients = 16;

  /// How long a client may take for everything.
  static constexpr std::chrono::seconds patience{10};

  /// Makes the answer to a line. It may wait for the node.
  using handler = std::function<std::string(std::string_view request)>;

  control_server(unix_listener listener, handler answer);
  control_server(const control_server&) = delete;
  control_server& operator=(const control_server&) = delete;
  ~control_server();

private:
  using clock = std::chrono::steady_clock;

  struct client {
    owned_fd fd;
    clock::time_point until;
    std::string request = {};
    // Empty while the request is not complete.
    std::string answer = {};
    std::size_t written = 0;
    bool done = false;
  };

  void run();
  void accept();
  void read(client& x);
  static void write(client& x);
  [[nodiscard]] int timeout() const;

  unix_listener listener_;
  handler answer_;
  wakeup ended_;
  std::list<client> clients_; // the one that came first comes first
  // There are no descriptors for further ones before.
  clock::time_point accept_again_{};
  std::thread thread_;
};

} // namespace node_proxy::tools
