// An outbox, and the other end of its connections as a test has it.

#pragma once

#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <node_proxy/protocol/delivery/outbox.hpp>
#include <node_proxy/protocol/session/session.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

#include "protocol/delivery/budgets.hpp"
#include "protocol/delivery/message_sizes.hpp"
#include "support/chunks.hpp"
#include "support/octets.hpp"

namespace test {

using namespace std::chrono_literals;

/// What a message of this size counts in windows.
constexpr std::uint64_t cost_of(std::size_t size) {
  return size + overhead;
}

inline timestamp at(duration steady, std::chrono::seconds wall = 0s) {
  return {steady, wall};
}

inline std::string text_of(const std::optional<send_failure>& failure) {
  if (!failure)
    return "ok";
  std::string result{to_string(failure->error)};
  if (failure->error == send_error::unconfirmed)
    result += "/" + std::string{to_string(failure->cause)};
  return result;
}

inline channel_key ordered_to(std::string_view target) {
  return {engine_name{target}, transport_ordering::ordered};
}

inline channel_key unordered_to(std::string_view target) {
  return {engine_name{target}, transport_ordering::unordered};
}

/// Texts with this between each two.
inline void add_text(std::string& to, std::string_view between,
                     std::string_view text) {
  to += (to.empty() ? "" : std::string{between}) + std::string{text};
}

/// All that an outbox may hold.
inline peer_settings holding(std::size_t max_bytes) {
  peer_settings result;
  result.outbox_bytes = max_bytes;
  return result;
}

struct outbox_fixture {
  static constexpr std::size_t max_bytes = 2'000'000;
  /// For four fragments.
  static constexpr std::size_t frame_size = 65'010;
  /// For one of them and nothing else.
  static constexpr std::size_t small_frame = 16'010;

  outbox uut;
  timestamp now = at(0s);

  explicit outbox_fixture(const peer_settings& settings = holding(max_bytes),
                          const outbox_record& record = {})
    : uut(settings, record, room_for_strangers()) {}

  bool try_send(send_token token, const channel_key& key, std::size_t size,
                deadline expires = steady_time{1h}) {
    return uut.handle_send(token, key, split(bytes(size)), expires, now);
  }

  void send(send_token token, const channel_key& key, std::size_t size,
            deadline expires = steady_time{1h}) {
    CHECK(try_send(token, key, size, expires));
  }

  void send(send_token token, std::string_view target, std::size_t size,
            deadline expires = steady_time{1h}) {
    send(token, ordered_to(target), size, expires);
  }

  /// A connection on which all that comes before chunks was said: what that
  /// was, see `sent`.
  std::string connect(std::uint64_t next = 0, std::uint64_t window = 500'000,
                      std::uint64_t epoch = 7) {
    auto again = uut.handle_resume(epoch, next, window);
    if (!again)
      return std::string{to_string(again.error())};
    sent_again = *again;
    open_.clear();
    std::string result;
    do
      add_text(result, ", ", sent());
    while (!result.ends_with("reopened"));
    return result;
  }

  std::string reconnect(std::uint64_t next, std::uint64_t window = 500'000,
                        std::uint64_t epoch = 7) {
    uut.handle_disconnect();
    return connect(next, window, epoch);
  }

  /// What the outbox sends next: "0a:5 1b:7." are chunks 0 and 1 for the
  /// engines a and b with 5 and 7 bytes, of which the second is a last one; a
  /// tilde stands behind those of unordered channels.
  std::string sent(std::size_t size = frame_size) {
    auto next = uut.poll_transmit(size);
    if (!next)
      return "nothing";
    if (auto batch = std::get_if<chunk_batch>(&*next))
      return text_of_chunks(*batch, size);
    return std::visit([this](const auto& x) { return text_of_frame(x); },
                      std::get<control::frame>(*next));
  }

  /// All that it sends now.
  std::string all_sent(std::size_t size = frame_size) {
    std::string result;
    for (auto text = sent(size); text != "nothing"; text = sent(size))
      add_text(result, ", ", text);
    return result.empty() ? "nothing" : result;
  }

  /// An acknowledgement of the channel with this number, and what comes of it.
  std::string ack(std::uint64_t channel, std::uint64_t next,
                  std::vector<control::reject> rejects = {},
                  std::uint64_t window = 500'000) {
    auto ok =
      uut.handle_ack({channel, next, window, std::move(rejects)}, now.steady);
    return ok ? "ok" : std::string{to_string(ok.error())};
  }

  std::string settled() {
    std::string result;
    while (auto next = uut.poll_settled())
      add_text(result, " ",
               std::to_string(next->channel) + ":"
                 + std::to_string(next->next));
    return result;
  }

  std::string outcomes() {
    std::string result;
    while (auto outcome = uut.poll_outcome())
      for (std::uint64_t i = 0; i < outcome->count; ++i)
        add_text(result, " ",
                 std::to_string(outcome->token + i) + "="
                   + text_of(outcome->failure));
    return result;
  }

  void expire(duration steady, std::chrono::seconds wall = 0s,
              send_error definite = send_error::expired) {
    now = at(steady, wall);
    uut.handle_timeout(now, definite);
  }

  /// Whether there is room for just as many bytes of messages to an engine.
  bool has_room_for(std::size_t bytes_left, std::string_view target = "a") {
    auto size = bytes_left - outbox::memory_overhead;
    return !try_send(1, ordered_to(target), size + 1)
           && try_send(1, ordered_to(target), size);
  }

  /// How many messages were sent once more.
  std::size_t sent_again = 0;
  /// With which window the last channel was opened.
  std::uint64_t opened_with = 0;

private:
  std::string text_of_chunks(const chunk_batch& batch, std::size_t size) {
    auto octets = encoded(batch.chunks);
    CHECK(octets.size() <= size);
    auto chunks = decode<std::vector<chunk_view>>(octets).value();
    CHECK(chunks.size() == batch.chunks.count());
    std::string result;
    auto number = batch.first;
    for (const auto& [channel, last, chunk] : chunks)
      add_text(result, " ",
               std::to_string(number++) + open_.at(channel) + ":"
                 + std::to_string(chunk.size()) + (last ? "." : ""));
    return result;
  }

  std::string text_of_frame(const control::open& x) {
    opened_with = x.window;
    auto is_ordered = x.ordering == transport_ordering::ordered;
    auto name = x.target + (is_ordered ? "" : "~");
    CHECK(open_.emplace(x.channel, name).second);
    return "open " + std::to_string(x.channel) + " " + name;
  }

  std::string text_of_frame(const control::close& x) {
    CHECK(open_.erase(x.channel) == 1);
    return "close " + std::to_string(x.channel);
  }

  std::string text_of_frame(const control::abort& x) {
    return "abort " + open_.at(x.channel) + " " + std::to_string(x.first);
  }

  std::string text_of_frame(const control::reopened&) { return "reopened"; }

  std::string text_of_frame(const control::void_range& x) {
    return "void " + std::to_string(x.from) + "-" + std::to_string(x.to);
  }

  template <class Frame>
  std::string text_of_frame(const Frame&) {
    return "something else";
  }

  std::map<std::uint64_t, std::string> open_;
};

} // namespace test
