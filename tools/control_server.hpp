// Answers whoever connects to the control socket of a node.

#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "control_reply.hpp"
#include "unix_socket.hpp"
#include "wakeup.hpp"

namespace node_proxy::tools {

/// A client sends a line, and reads what comes up to the end. All of them are
/// served by one thread, which waits for none: who takes too long is dropped,
/// and so is the one that came first if too many are there. Those that follow
/// what happens are counted apart, and stay as long as they read.
class control_server {
public:
  static constexpr std::size_t max_request = 1'024;
  static constexpr std::size_t max_clients = 16;
  static constexpr std::size_t max_followers = 16;

  /// How long a client that does not follow may take for everything.
  static constexpr std::chrono::seconds patience{10};

  /// Answers a line, at once or later. It may wait for the node.
  using handler = std::function<void(std::string_view request,
                                     const control_reply_ptr& reply)>;

  control_server(unix_listener listener, handler answer);
  control_server(const control_server&) = delete;
  control_server& operator=(const control_server&) = delete;
  ~control_server();

private:
  using clock = std::chrono::steady_clock;

  struct client {
    internal::descriptor fd;
    clock::time_point until;
    std::string request = {};
    // There once the request is complete.
    control_reply_ptr reply = {};
    // Of what is to be written now.
    std::string answer = {};
    std::size_t written = 0;
    bool done = false;
  };

  void run();
  void accept();
  void read(client& x);
  static void write(client& x);
  void serve(client& x, short events);
  void drop(clock::time_point now);
  static bool asks(const client& x);
  static short awaited(const client& x);
  [[nodiscard]] bool has_room_for_followers() const;
  [[nodiscard]] int timeout() const;

  unix_listener listener_;
  handler answer_;
  wakeup ended_;
  // Something was added to a reply.
  std::shared_ptr<wakeup> changed_ = std::make_shared<wakeup>();
  std::list<client> clients_; // the one that came first comes first
  // There are no descriptors for further ones before.
  clock::time_point accept_again_{};
  std::thread thread_;
};

} // namespace node_proxy::tools
