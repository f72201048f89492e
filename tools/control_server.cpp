#include "control_server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/socket.h>

namespace node_proxy::tools {

namespace {

constexpr std::chrono::milliseconds accept_pause{100};

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

} // namespace

control_server::control_server(unix_listener listener, handler answer)
  : listener_{std::move(listener)}, answer_{std::move(answer)}, thread_{[this] {
      run();
    }} {}

control_server::~control_server() {
  ended_.set();
  thread_.join();
}

void control_server::run() {
  for (;;) {
    auto may_accept = clock::now() >= accept_again_;
    std::vector<pollfd> fds{{ended_.fd(), POLLIN, 0},
                            {may_accept ? listener_.fd() : -1, POLLIN, 0}};
    for (const auto& x : clients_)
      fds.push_back({x.fd.get(),
                     static_cast<short>(x.answer.empty() ? POLLIN : POLLOUT),
                     0});
    if (::poll(fds.data(), fds.size(), timeout()) < 0)
      continue;
    if (fds[0].revents != 0)
      return;
    auto polled = fds.begin() + 2;
    for (auto& x : clients_)
      if ((polled++)->revents != 0) {
        if (x.answer.empty())
          read(x);
        else
          write(x);
      }
    auto now = clock::now();
    clients_.remove_if(
      [now](const client& x) { return x.done || x.until <= now; });
    if (fds[1].revents != 0)
      accept();
  }
}

void control_server::accept() {
  owned_fd fd{
    ::accept4(listener_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
  auto now = clock::now();
  if (fd.get() < 0) {
    if (!would_block())
      accept_again_ = now + accept_pause;
    return;
  }
  if (clients_.size() >= max_clients)
    clients_.pop_front();
  clients_.push_back({std::move(fd), now + patience});
}

void control_server::read(client& x) {
  std::array<char, max_request> buffer;
  auto got = ::recv(x.fd.get(), buffer.data(), buffer.size(), 0);
  if (got <= 0) {
    x.done = got == 0 || !would_block();
    return;
  }
  x.request.append(buffer.data(), static_cast<std::size_t>(got));
  auto end = x.request.find('\n');
  if (std::min(end, x.request.size()) > max_request)
    x.answer = R"({"error":"the request is too long"})";
  else if (end != std::string::npos)
    x.answer = answer_(std::string_view{x.request}.substr(0, end));
  else
    return;
  x.answer += '\n';
  write(x);
}

void control_server::write(client& x) {
  auto rest = std::string_view{x.answer}.substr(x.written);
  auto sent = ::send(x.fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
  if (sent < 0) {
    x.done = !would_block();
    return;
  }
  x.written += static_cast<std::size_t>(sent);
  x.done = x.written == x.answer.size();
}

/// Until something is due, in milliseconds.
int control_server::timeout() const {
  auto now = clock::now();
  auto first = clock::time_point::max();
  // All have the same time.
  if (!clients_.empty())
    first = clients_.front().until;
  if (accept_again_ > now)
    first = std::min(first, accept_again_);
  if (first == clock::time_point::max())
    return -1;
  auto left = std::chrono::ceil<std::chrono::milliseconds>(first - now);
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

} // namespace node_proxy::tools
