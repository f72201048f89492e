#include "event_streams.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <poll.h>
#include <sys/socket.h>

namespace node_proxy::tools {

namespace {

/// In octets, of which Linux takes twice as many.
constexpr int socket_buffer = 65'536;

/// What a browser gets; the line end behind it comes from elsewhere.
std::string message(std::string_view kind, std::string_view data) {
  std::string result{"event: "};
  result.append(kind).append("\ndata: ").append(data).append("\n");
  return result;
}

} // namespace

event_streams::event_streams(const node_questions& questions,
                             recent_events& events)
  : questions_{questions}, events_{events}, thread_{[this] {
      run();
    }} {}

event_streams::~event_streams() {
  ended_.set();
  thread_.join();
  for (const auto& x : listeners_)
    x.reply->close();
}

void event_streams::add(internal::descriptor fd) {
  // What waits there is neither news any more nor seen here. Without success
  // it is more.
  static_cast<void>(::setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUF,
                                 &socket_buffer, sizeof(socket_buffer)));
  std::lock_guard guard{mutex_};
  if (!has_room())
    return;
  ++count_;
  arrivals_.push_back(std::move(fd));
  changed_->set();
}

void event_streams::run() {
  for (;;) {
    std::vector<pollfd> fds{{ended_.fd(), POLLIN, 0},
                            {changed_->fd(), POLLIN, 0}};
    for (const auto& x : listeners_)
      fds.push_back(
        {x.fd.get(), x.text.empty() ? short{POLLIN} : short{POLLOUT}, 0});
    auto left =
      std::chrono::ceil<std::chrono::milliseconds>(next_status_ - clock::now());
    auto timeout = std::max<std::int64_t>(left.count(), 0);
    if (::poll(fds.data(), fds.size(),
               listeners_.empty() ? -1 : static_cast<int>(timeout))
        < 0)
      continue;
    if (fds[0].revents != 0)
      return;
    if (fds[1].revents != 0)
      changed_->clear();
    auto now = clock::now();
    auto polled = fds.begin() + 2;
    for (auto& x : listeners_)
      serve(x, (polled++)->revents, now);
    take_arrivals();
    if (!listeners_.empty() && now >= next_status_) {
      next_status_ = now + interval;
      tell_status();
    }
    drop(now);
  }
}

void event_streams::take_arrivals() {
  std::vector<internal::descriptor> arrivals;
  {
    std::lock_guard guard{mutex_};
    arrivals = std::exchange(arrivals_, {});
  }
  for (auto& fd : arrivals) {
    auto reply = std::make_shared<control_reply>(changed_);
    events_.follow({[reply](std::string_view event) {
                      return reply->add(message("event", event));
                    },
                    [reply] {
                      return reply->closed();
                    }});
    listeners_.push_back({std::move(fd), std::move(reply)});
    // It has something to see at once.
    next_status_ = {};
  }
}

/// Who has not read what it was told before is told the next time.
void event_streams::tell_status() {
  auto status = questions_.status_text();
  if (!status)
    return;
  auto text = message("status", *status) + '\n';
  auto now = clock::now();
  for (auto& x : listeners_)
    if (x.text.empty()) {
      x.text = x.reply->take() + text;
      x.since = now;
      write(x);
    }
}

void event_streams::serve(listener& x, short events, clock::time_point now) {
  char ignored[256];
  // A browser says nothing more; when it goes, that is the end.
  if ((events & (POLLIN | POLLHUP | POLLERR)) != 0) {
    auto got = ::recv(x.fd.get(), ignored, sizeof(ignored), MSG_DONTWAIT);
    x.done = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
  }
  if (x.text.empty()) {
    x.text = x.reply->take();
    x.since = now;
  }
  if (!x.text.empty())
    write(x);
}

void event_streams::write(listener& x) {
  auto rest = std::string_view{x.text}.substr(x.written);
  auto sent =
    ::send(x.fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) {
    x.done = x.done || (errno != EAGAIN && errno != EINTR);
    return;
  }
  x.written += static_cast<std::size_t>(sent);
  x.since = clock::now();
  if (x.written == x.text.size()) {
    x.text.clear();
    x.written = 0;
  }
}

void event_streams::drop(clock::time_point now) {
  count_ -= listeners_.remove_if([now](const listener& x) {
    auto goes = x.done || x.reply->overrun()
                || (!x.text.empty() && now - x.since > patience);
    if (goes)
      x.reply->close();
    return goes;
  });
}

} // namespace node_proxy::tools
