// A node's status over HTTP, for browsers and monitoring.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <node_proxy/messages/transport_address.hpp>

#include "node_questions.hpp"
#include "recent_events.hpp"

namespace node_proxy::tools {

/// Where `--http` is to listen.
struct http_address {
  std::string ip;
  std::uint16_t port = 0;
  bool loopback = false;

  /// "http://IP:PORT".
  [[nodiscard]] std::string text() const;
};

/// Reads IP:PORT, an IPv6 address in brackets.
[[nodiscard]] tl::expected<http_address, std::string>
parse_http_address(std::string_view text);

/// Answers GET of a few paths, in threads of its own:
///
///     /              a page for people
///     /status.json   what `node-proxy status --json` prints
///     /events.json   the last events
///     /stream        both, as they come: see `event_streams`
///     /metrics       for Prometheus
///     /healthz       whether the node answers
///     /readyz        the same, and that it does not stop
///
/// A connection is for one request, but that of `/stream`, which has at most
/// `max_request` octets, which come within `request_patience`, and has
/// `patience` for all of it. Of too many connections the last ones are closed,
/// and those that have waited for `max_wait`, which is longer than
/// `request_patience`: those who say nothing do not keep others away. One at
/// the loopback is for this host alone: requests that name another one are
/// refused, so that no page of the web gets at it (DNS rebinding).
class http_server {
public:
  static constexpr std::size_t max_request = 16'384;
  static constexpr std::size_t threads = 8;
  static constexpr std::size_t max_waiting = 64;
  static constexpr std::chrono::seconds request_patience{1};
  static constexpr std::chrono::seconds patience{5};
  static constexpr std::chrono::seconds max_wait{4};

  /// How long what `/metrics` says is not asked for anew, whoever scrapes.
  static constexpr std::chrono::milliseconds metrics_lifetime{250};

  /// Listens. Errors: a sentence that names the address.
  [[nodiscard]] static tl::expected<std::unique_ptr<http_server>, std::string>
  start(const http_address& where, const node_questions& questions,
        recent_events& events);

  http_server(const http_server&) = delete;
  http_server& operator=(const http_server&) = delete;

  /// Ends all connections.
  ~http_server();

  /// With the port that was chosen.
  [[nodiscard]] const http_address& address() const;

  /// The node is about to stop: it is not ready any more.
  void handle_stopping();

private:
  struct parts;

  explicit http_server(std::unique_ptr<parts> x);

  std::unique_ptr<parts> parts_;
};

} // namespace node_proxy::tools
