#include "line_writer.hpp"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace node_proxy::tools {

namespace {

using clock = std::chrono::steady_clock;

// A pipe that is writable takes at least as much without making anybody wait
// (PIPE_BUF of POSIX, 4096 octets on Linux).
constexpr std::size_t max_write = 4'096;

// How long the thread may take to end when it is told to.
constexpr std::chrono::milliseconds end_patience{200};

/// Milliseconds for `poll`: until then, or for ever.
int timeout_until(clock::time_point until) {
  if (until == clock::time_point::max())
    return -1;
  auto left =
    std::chrono::ceil<std::chrono::milliseconds>(until - clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

} // namespace

bool write_until(int fd, std::string_view& text, clock::time_point until,
                 int stop) {
  while (!text.empty()) {
    pollfd fds[] = {{fd, POLLOUT, 0}, {stop, POLLIN, 0}};
    auto ready = ::poll(fds, std::size(fds), timeout_until(until));
    if (ready < 0 && errno == EINTR)
      continue;
    if (ready < 0)
      return false;
    if (fds[1].revents != 0 || (ready == 0 && clock::now() >= until)) {
      errno = 0;
      return false;
    }
    if (ready == 0)
      continue;
    auto count = ::write(fd, text.data(), std::min(text.size(), max_write));
    if (count >= 0)
      text.remove_prefix(static_cast<std::size_t>(count));
    else if (errno != EINTR && errno != EAGAIN)
      return false;
  }
  return true;
}

struct line_writer::state {
  state(int its_fd, left_out_line its_left_out, std::function<void()> on_failed)
    : fd{its_fd}, make_left_out{std::move(its_left_out)},
      notify_failed{std::move(on_failed)} {}

  [[nodiscard]] bool has_room(const std::string& line) const {
    return queue.empty() || octets + line.size() <= max_queued;
  }

  /// @returns how many lines have to be written until this one is.
  std::uint64_t add(std::string line) {
    if (left_out > 0)
      push(make_left_out(std::exchange(left_out, 0)));
    push(std::move(line));
    changed.notify_all();
    return written + queue.size();
  }

  void push(std::string line) {
    octets += line.size();
    queue.push_back(std::move(line));
  }

  /// As `add`, once there is room; nothing if there never will be.
  std::optional<std::uint64_t>
  add_when_room(std::unique_lock<std::mutex>& guard, std::string line) {
    changed.wait(guard, [&] { return closed || failed || has_room(line); });
    if (closed || failed)
      return std::nullopt;
    return add(std::move(line));
  }

  void run();

  const int fd;
  const left_out_line make_left_out;
  const std::function<void()> notify_failed;
  wakeup stop;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::string> queue;
  std::size_t octets = 0;
  std::uint64_t written = 0;
  std::uint64_t left_out = 0;
  bool closed = false;
  bool failed = false;
  int error = 0;
  // Whether nothing more will be written, as far as anybody waits for it.
  bool ended = false;
};

void line_writer::state::run() {
  std::unique_lock guard{mutex};
  for (;;) {
    changed.wait(guard, [this] { return closed || !queue.empty(); });
    if (queue.empty())
      break;
    // Nobody else takes the first one away.
    auto size = queue.front().size();
    std::string_view line = queue.front();
    guard.unlock();
    auto ok = write_until(fd, line, clock::time_point::max(), stop.fd());
    auto reason = ok ? 0 : errno;
    guard.lock();
    octets -= size;
    queue.pop_front();
    written += ok ? 1 : 0;
    changed.notify_all();
    if (!ok) {
      // At the end nobody is left to read, which is no failure.
      failed = !closed;
      error = failed ? reason : 0;
      break;
    }
  }
  ended = true;
  changed.notify_all();
  auto is_news = failed;
  guard.unlock();
  if (is_news)
    notify_failed();
}

line_writer::line_writer(int fd, left_out_line left_out,
                         std::function<void()> failed)
  : state_{
    std::make_shared<state>(fd, std::move(left_out), std::move(failed))} {
  // Signals are for those who wait for them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread{[x = state_] {
    x->run();
  }}.detach();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

line_writer::~line_writer() {
  close({});
}

void line_writer::offer(std::string line) {
  std::lock_guard guard{state_->mutex};
  if (state_->closed || state_->failed)
    return;
  if (state_->has_room(line))
    state_->add(std::move(line));
  else
    ++state_->left_out;
}

bool line_writer::write(std::string line) {
  std::unique_lock guard{state_->mutex};
  return state_->add_when_room(guard, std::move(line)).has_value();
}

std::size_t line_writer::write_through(std::vector<std::string> lines) {
  std::unique_lock guard{state_->mutex};
  std::vector<std::uint64_t> places;
  for (auto& line : lines) {
    auto place = state_->add_when_room(guard, std::move(line));
    if (!place)
      break;
    places.push_back(*place);
  }
  auto has_last = [&] {
    return places.empty() || state_->written >= places.back();
  };
  state_->changed.wait(guard, [&] { return has_last() || state_->ended; });
  auto first_left =
    std::upper_bound(places.begin(), places.end(), state_->written);
  return static_cast<std::size_t>(first_left - places.begin());
}

void line_writer::close(std::chrono::milliseconds at_most) {
  std::unique_lock guard{state_->mutex};
  state_->closed = true;
  state_->changed.notify_all();
  auto has_ended = [this] {
    return state_->ended;
  };
  if (state_->changed.wait_for(guard, at_most, has_ended))
    return;
  state_->stop.set();
  state_->changed.wait_for(guard, end_patience, has_ended);
  state_->ended = true;
  state_->changed.notify_all();
}

bool line_writer::wait_closed(std::chrono::milliseconds at_most) {
  std::unique_lock guard{state_->mutex};
  return state_->changed.wait_for(
    guard, at_most, [this] { return state_->closed || state_->failed; });
}

bool line_writer::failed() const {
  std::lock_guard guard{state_->mutex};
  return state_->failed;
}

int line_writer::error() const {
  std::lock_guard guard{state_->mutex};
  return state_->error;
}

} // namespace node_proxy::tools
