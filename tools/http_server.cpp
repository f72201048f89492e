#include "http_server.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <httplib.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <node_proxy/protocol/wire/address_kind.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

#include "event_streams.hpp"
#include "metrics_text.hpp"
#include "page.hpp"
#include "shared_answer.hpp"

namespace node_proxy::tools {

namespace {

using clock = std::chrono::steady_clock;

constexpr auto as_json = "application/json";
constexpr auto as_text = "text/plain; charset=utf-8";

/// The page has its parts from here, and nothing from anywhere else.
constexpr auto content_policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src "
  "'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors "
  "'none'";

/// A connection that ends at some time, whatever its other end does.
class bounded_stream final : public httplib::Stream {
public:
  explicit bounded_stream(int fd) : fd_{fd} {}

  [[nodiscard]] bool is_readable() const override {
    return wait(POLLIN, http_server::request_patience);
  }

  [[nodiscard]] bool is_writable() const override {
    return wait(POLLOUT, http_server::patience);
  }

  ssize_t read(char* data, size_t size) override {
    auto max = std::min(size, http_server::max_request - read_);
    if (max == 0 || !is_readable())
      return -1;
    auto got = ::recv(fd_, data, max, MSG_DONTWAIT);
    if (got > 0)
      read_ += static_cast<std::size_t>(got);
    return got;
  }

  ssize_t write(const char* data, size_t size) override {
    if (!is_writable())
      return -1;
    return ::send(fd_, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    ip.clear();
    port = 0;
  }

  void get_local_ip_and_port(std::string& ip, int& port) const override {
    ip.clear();
    port = 0;
  }

  [[nodiscard]] socket_t socket() const override { return fd_; }

private:
  [[nodiscard]] bool wait(short event, std::chrono::seconds patience) const {
    for (;;) {
      auto left = std::chrono::ceil<std::chrono::milliseconds>(begin_ + patience
                                                               - clock::now());
      if (left.count() <= 0)
        return false;
      pollfd x{fd_, event, 0};
      auto ready = ::poll(&x, 1, static_cast<int>(left.count()));
      if (ready > 0)
        return true;
      if (ready == 0 || errno != EINTR)
        return false;
    }
  }

  int fd_;
  clock::time_point begin_ = clock::now();
  std::size_t read_ = 0;
};

/// Set in a thread that is to close connections without reading them.
thread_local bool sheds = false;

/// Set in a thread that has answered a request whose connection goes on there.
thread_local event_streams* successor = nullptr;

/// Threads for connections, of which few wait, and not for long: whoever came
/// when all were busy with slow ones comes again.
class bounded_queue final : public httplib::TaskQueue {
public:
  bounded_queue() {
    for (std::size_t i = 0; i < http_server::threads; ++i)
      threads_.emplace_back([this] { run(); });
  }

  void enqueue(std::function<void()> task) override {
    {
      std::lock_guard guard{mutex_};
      if (tasks_.size() < http_server::max_waiting) {
        tasks_.push_back({std::move(task), clock::now()});
        changed_.notify_one();
        return;
      }
    }
    sheds = true;
    task();
    sheds = false;
  }

  void shutdown() override {
    {
      std::lock_guard guard{mutex_};
      ended_ = true;
    }
    changed_.notify_all();
    for (auto& x : threads_)
      x.join();
  }

private:
  void run() {
    for (;;) {
      std::unique_lock guard{mutex_};
      changed_.wait(guard, [this] { return ended_ || !tasks_.empty(); });
      if (tasks_.empty())
        return;
      auto next = std::move(tasks_.front());
      tasks_.pop_front();
      // Who has not had his turn at the end is not waited for.
      sheds = ended_ || clock::now() - next.since > http_server::max_wait;
      guard.unlock();
      next.task();
    }
  }

  struct waiting {
    std::function<void()> task;
    clock::time_point since;
  };

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<waiting> tasks_;
  bool ended_ = false;
  std::vector<std::thread> threads_;
};

/// The server of the library, with time and octets bounded for each connection.
class bounded_server final : public httplib::Server {
private:
  bool process_and_close_socket(socket_t fd) override {
    if (!sheds) {
      bounded_stream stream{fd};
      auto closed = false;
      // Nobody needs a part of an answer, and the library bounds neither their
      // number nor their size (RFC 9110, section 14.2: they may be ignored).
      process_request(stream, true, closed,
                      [](httplib::Request& x) { x.ranges.clear(); });
      if (auto* streams = std::exchange(successor, nullptr)) {
        streams->add(internal::descriptor{fd});
        return true;
      }
      ::shutdown(fd, SHUT_WR);
    }
    ::close(fd);
    return true;
  }
};

/// The host that a request names, without a port.
std::string_view host_of(std::string_view header) {
  auto end =
    header.starts_with('[') ? header.find(']') : std::string_view::npos;
  if (end != std::string_view::npos)
    return header.substr(1, end - 1);
  return header.substr(0, header.find(':'));
}

bool names_this_host(const httplib::Request& request) {
  auto host = request.get_header_value("Host");
  auto name = host_of(host);
  if (name.empty() || name == "localhost")
    return true;
  auto ip = parse_ip_address(name);
  return ip && internal::kind_of(*ip) == internal::host_kind::loopback;
}

} // namespace

std::string http_address::text() const {
  auto host = ip.find(':') == std::string::npos ? ip : "[" + ip + "]";
  return "http://" + host + ":" + std::to_string(port);
}

tl::expected<http_address, std::string>
parse_http_address(std::string_view text) {
  auto parsed = parse_address("tcp://" + std::string{text});
  auto tcp = parsed ? std::get_if<tcp_addr>(&*parsed) : nullptr;
  if (!tcp)
    return tl::unexpected{"'" + std::string{text}
                          + "' is no place for HTTP: expected IP:PORT, such as "
                            "127.0.0.1:9100"};
  return http_address{to_string(tcp->ip), tcp->port,
                      internal::kind_of(tcp->ip)
                        == internal::host_kind::loopback};
}

struct http_server::parts {
  parts(http_address its_where, const node_questions& its_questions,
        recent_events& its_events)
    : where{std::move(its_where)}, questions{its_questions}, events{its_events},
      streams{its_questions, its_events} {}

  tl::expected<std::string, std::string> make_metrics() const;

  void set_rules();
  void set_handlers();
  void serve(const std::string& path, std::string_view content,
             const char* type);
  void
  answer_with(const std::string& path, const char* type,
              std::function<tl::expected<std::string, std::string>()> make);

  http_address where;
  const node_questions& questions;
  const recent_events& events;
  event_streams streams;
  shared_answer metrics{metrics_lifetime, [this] {
                          return make_metrics();
                        }};
  std::atomic<bool> stopping = false;
  std::atomic<bool> ended = false;
  bounded_server server;
  std::thread thread;
};

tl::expected<std::string, std::string>
http_server::parts::make_metrics() const {
  auto status = questions.status();
  if (!status)
    return tl::unexpected{status.error()};
  auto counted = questions.metrics();
  if (!counted)
    return tl::unexpected{counted.error()};
  return metrics_text(*status, *counted, measure_process(), NODE_PROXY_VERSION);
}

/// A part of the page.
void http_server::parts::serve(const std::string& path,
                               std::string_view content, const char* type) {
  server.Get(path, [content, type](const auto&, httplib::Response& response) {
    response.set_content(content.data(), content.size(), type);
  });
}

/// Something that the node says; 503 if it does not.
void http_server::parts::answer_with(
  const std::string& path, const char* type,
  std::function<tl::expected<std::string, std::string>()> make) {
  server.Get(path, [make = std::move(make), type](const auto&,
                                                  httplib::Response& response) {
    if (auto text = make()) {
      response.set_content(*text, type);
    } else {
      response.status = 503;
      response.set_content(text.error() + "\n", as_text);
    }
  });
}

/// What holds for all requests.
void http_server::parts::set_rules() {
  server.set_pre_routing_handler(
    [this](const httplib::Request& request, httplib::Response& response) {
      using enum httplib::Server::HandlerResponse;
      if (request.method != "GET") {
        response.status = 405;
        response.set_header("Allow", "GET");
        return Handled;
      }
      if (where.loopback && !names_this_host(request)) {
        response.status = 403;
        response.set_content("this is for the host that it runs on\n", as_text);
        return Handled;
      }
      return Unhandled;
    });
  server.set_default_headers({{"Content-Security-Policy", content_policy},
                              {"X-Content-Type-Options", "nosniff"},
                              {"Referrer-Policy", "no-referrer"},
                              {"Cache-Control", "no-store"}});
}

void http_server::parts::set_handlers() {
  serve("/", page::html, "text/html; charset=utf-8");
  serve("/page.css", page::css, "text/css; charset=utf-8");
  serve("/page.js", page::script, "text/javascript; charset=utf-8");
  answer_with("/status.json", as_json,
              [this] { return questions.status_text(); });
  answer_with("/events.json", as_json,
              [this]() -> tl::expected<std::string, std::string> {
                return events.array();
              });
  answer_with("/metrics", "text/plain; version=0.0.4; charset=utf-8",
              [this] { return metrics.get(); });
  server.Get("/stream", [this](const auto&, httplib::Response& response) {
    if (!streams.has_room()) {
      response.status = 503;
      response.set_content("too many listen already\n", as_text);
      return;
    }
    // The library writes the header, and others go on.
    response.set_content_provider("text/event-stream",
                                  [](size_t, httplib::DataSink& sink) {
                                    sink.done();
                                    return true;
                                  });
    successor = &streams;
  });
  auto alive = [this]() -> tl::expected<std::string, std::string> {
    if (auto ok = questions.check(); !ok)
      return tl::unexpected{ok.error()};
    return std::string{"ok\n"};
  };
  answer_with("/healthz", as_text, alive);
  answer_with("/readyz", as_text,
              [this, alive]() -> tl::expected<std::string, std::string> {
                if (stopping)
                  return tl::unexpected{std::string{"the node stops"}};
                return alive();
              });
}

http_server::http_server(std::unique_ptr<parts> x) : parts_{std::move(x)} {}

tl::expected<std::unique_ptr<http_server>, std::string>
http_server::start(const http_address& where, const node_questions& questions,
                   recent_events& events) {
  auto x = std::make_unique<parts>(where, questions, events);
  x->server.new_task_queue = [] {
    return new bounded_queue;
  };
  x->set_rules();
  x->set_handlers();
  // Not SO_REUSEPORT, as the library has it: nobody is to share the port.
  x->server.set_socket_options([](socket_t fd) {
    int yes = 1;
    static_cast<void>(
      ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)));
  });
  if (where.port == 0) {
    auto port = x->server.bind_to_any_port(where.ip);
    x->where.port = static_cast<std::uint16_t>(std::max(port, 0));
  } else if (!x->server.bind_to_port(where.ip, where.port)) {
    x->where.port = 0;
  }
  if (x->where.port == 0) {
    std::string reason = std::strerror(errno);
    return tl::unexpected{"HTTP cannot listen at " + where.ip + " port "
                          + std::to_string(where.port) + ": " + reason
                          + "; expected an address of this host, and a port at "
                            "which nobody listens, or 0 for any"};
  }
  x->thread = std::thread{[all = x.get()] {
    all->server.listen_after_bind();
    all->ended = true;
  }};
  return std::unique_ptr<http_server>{new http_server{std::move(x)}};
}

http_server::~http_server() {
  // To stop it before it has begun has no effect.
  while (!parts_->server.is_running() && !parts_->ended)
    std::this_thread::yield();
  parts_->server.stop();
  parts_->thread.join();
}

const http_address& http_server::address() const {
  return parts_->where;
}

void http_server::handle_stopping() {
  parts_->stopping = true;
}

} // namespace node_proxy::tools
