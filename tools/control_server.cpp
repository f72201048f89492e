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

/// It has not been answered, and does not follow what happens.
bool control_server::asks(const client& x) {
  return !x.reply || !x.reply->follows();
}

/// What `poll` waits for.
short control_server::awaited(const client& x) {
  if (!x.reply)
    return POLLIN;
  return x.answer.empty() ? short{0} : short{POLLOUT};
}

void control_server::run() {
  for (;;) {
    auto may_accept = clock::now() >= accept_again_;
    std::vector<pollfd> fds{{ended_.fd(), POLLIN, 0},
                            {changed_->fd(), POLLIN, 0},
                            {may_accept ? listener_.fd() : -1, POLLIN, 0}};
    for (const auto& x : clients_)
      fds.push_back({x.fd.get(), awaited(x), 0});
    if (::poll(fds.data(), fds.size(), timeout()) < 0)
      continue;
    if (fds[0].revents != 0)
      return;
    if (fds[1].revents != 0)
      changed_->clear();
    auto polled = fds.begin() + 3;
    for (auto& x : clients_)
      serve(x, (polled++)->revents);
    drop(clock::now());
    if (fds[2].revents != 0)
      accept();
  }
}

void control_server::accept() {
  internal::descriptor fd{
    ::accept4(listener_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
  auto now = clock::now();
  if (fd.get() < 0) {
    if (!would_block())
      accept_again_ = now + accept_pause;
    return;
  }
  if (static_cast<std::size_t>(std::ranges::count_if(clients_, asks))
      >= max_clients) {
    std::ranges::find_if(clients_, asks)->done = true;
    drop(now);
  }
  clients_.push_back({std::move(fd), now + patience});
}

/// Does for a client what can be done now.
void control_server::serve(client& x, short events) {
  if (!x.reply) {
    if (events != 0)
      read(x);
    return;
  }
  // Whoever only follows says nothing but that it goes.
  if ((events & (POLLHUP | POLLERR)) != 0)
    x.done = true;
  if (x.answer.empty()) {
    x.written = 0;
    x.answer = x.reply->take();
  }
  if (!x.answer.empty())
    write(x);
  if (x.answer.empty() && x.reply->finished())
    x.done = true;
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
  auto too_long = std::min(end, x.request.size()) > max_request;
  if (!too_long && end == std::string::npos)
    return;
  x.reply = std::make_shared<control_reply>(changed_);
  if (too_long)
    x.reply->finish(R"({"error":"the request is too long"})");
  else
    answer_(std::string_view{x.request}.substr(0, end), x.reply);
  if (!asks(x) && !has_room_for_followers()) {
    x.reply->close();
    x.reply = std::make_shared<control_reply>(changed_);
    x.reply->finish(R"({"error":"too many follow events already"})");
  }
  serve(x, 0);
}

void control_server::write(client& x) {
  auto rest = std::string_view{x.answer}.substr(x.written);
  auto sent = ::send(x.fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
  if (sent < 0) {
    x.done = x.done || !would_block();
    return;
  }
  x.written += static_cast<std::size_t>(sent);
  if (x.written == x.answer.size())
    x.answer.clear();
}

/// Lets those go that are done, or have had their time.
void control_server::drop(clock::time_point now) {
  clients_.remove_if([now](const client& x) {
    auto goes = x.done || (asks(x) ? x.until <= now : x.reply->overrun());
    if (goes && x.reply)
      x.reply->close();
    return goes;
  });
}

/// Whether those that follow are not too many.
bool control_server::has_room_for_followers() const {
  auto followers =
    std::ranges::count_if(clients_, [](const client& x) { return !asks(x); });
  return static_cast<std::size_t>(followers) <= max_followers;
}

/// Until something is due, in milliseconds.
int control_server::timeout() const {
  auto now = clock::now();
  auto first = clock::time_point::max();
  // All that ask have the same time.
  if (auto x = std::ranges::find_if(clients_, asks); x != clients_.end())
    first = x->until;
  if (accept_again_ > now)
    first = std::min(first, accept_again_);
  if (first == clock::time_point::max())
    return -1;
  auto left = std::chrono::ceil<std::chrono::milliseconds>(first - now);
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

} // namespace node_proxy::tools
