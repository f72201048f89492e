// An inbox, and the other end of its connections as a test has it.

#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/delivery/inbox.hpp>
#include <node_proxy/protocol/wire/bare_types.hpp>

#include "protocol/delivery/budgets.hpp"
#include "protocol/delivery/message_sizes.hpp"
#include "support/octets.hpp"

namespace test {

using namespace std::chrono_literals;

/// The beginning of a message that says that it has this size.
inline bytes announcing(std::size_t total, std::size_t size = fragment) {
  bytes result{std::byte{0}};
  for (std::size_t length = 1; result.size() == 1; ++length)
    if (uint_size(total - 1 - length) == length)
      append_uint(result, total - 1 - length);
  result.resize(size);
  return result;
}

/// Windows that are easy to reckon with.
inline peer_settings with_windows(std::uint64_t own, std::uint64_t shared,
                                  std::uint64_t large,
                                  std::uint32_t max_message = 1'000'000) {
  peer_settings result;
  result.max_message = max_message;
  result.channel_window = own;
  result.window = shared;
  result.large_window = large;
  return result;
}

struct inbox_fixture {
  static constexpr std::int64_t all_memory = 100'000'000;

  peer_settings settings;
  std::shared_ptr<receive_budget> budget;
  stranger_account account{budget->strangers()};
  inbox uut;
  steady_time now{1s};

  explicit inbox_fixture(
    const peer_settings& settings = with_windows(300'000, 0, 0),
    const std::optional<inbox_record>& record = {},
    std::shared_ptr<receive_budget> shared = budget_of(all_memory))
    : settings(settings), budget(std::move(shared)),
      uut(settings, budget, account, record) {}

  template <class T>
  static std::string text_of(const expected<T, violation>& result) {
    return std::string{result ? "ok" : to_string(result.error())};
  }

  // -- what the other end says ------------------------------------------------

  /// @param next where it goes on, if that is not its first number.
  std::string resume(std::uint64_t epoch, std::uint64_t first,
                     std::uint64_t next = 0) {
    return text_of(uut.handle_resume(epoch, first, next));
  }

  /// With the window that a new channel has, unless told otherwise.
  std::string open(std::uint64_t channel, std::string_view target,
                   std::optional<std::uint64_t> window = {},
                   transport_ordering ordering = transport_ordering::ordered) {
    return text_of(uut.handle_open({channel, std::string{target}, ordering,
                                    window.value_or(settings.channel_window)},
                                   now));
  }

  std::string close(std::uint64_t channel) {
    return text_of(uut.handle_close({channel}));
  }

  /// A connection in epoch 1 with a channel to each of these engines.
  void connect(std::string_view targets = "a", std::uint64_t first = 0) {
    CHECK(resume(1, first) == "ok");
    for (std::size_t i = 0; i < targets.size(); ++i)
      CHECK(open(i, targets.substr(i, 1)) == "ok");
    uut.handle_reopened(uut.arrived(), now);
    acked();
  }

  /// A whole message.
  std::string whole(std::uint64_t channel, std::uint64_t seq,
                    std::size_t size) {
    return chunk(channel, seq, true, bytes(size));
  }

  /// The first fragment of a message of this size.
  std::string begin(std::uint64_t channel, std::uint64_t seq,
                    std::size_t total) {
    return chunk(channel, seq, false, announcing(total));
  }

  /// A further one.
  std::string more(std::uint64_t channel, std::uint64_t seq) {
    return chunk(channel, seq, false, bytes(fragment));
  }

  /// The last one.
  std::string end(std::uint64_t channel, std::uint64_t seq,
                  std::size_t size = fragment) {
    return chunk(channel, seq, true, bytes(size));
  }

  std::string chunk(std::uint64_t channel, std::uint64_t seq, bool is_last,
                    const bytes& data) {
    auto result = uut.handle_chunk(channel, seq, is_last, data, now);
    if (result && *result) {
      auto& message = **result;
      auto name = message.target + std::to_string(message.id.first);
      ids[name] = message.id;
      last_size = message.data.size();
      last_capacity = message.gathered.capacity();
      last_data = to_bytes(message.data);
      arrived_ += (arrived_.empty() ? "" : " ") + name + ":"
                  + std::to_string(message.data.size());
    }
    return text_of(result);
  }

  std::string abort(std::uint64_t channel, std::uint64_t first) {
    return text_of(uut.handle_abort({channel, first}, now));
  }

  std::string void_range(std::uint64_t from, std::uint64_t to) {
    return text_of(uut.handle_void({from, to}, now));
  }

  std::string settled(std::uint64_t channel, std::uint64_t next) {
    return text_of(uut.handle_settled({channel, next}, now));
  }

  // -- what comes of it -------------------------------------------------------

  /// The messages that came out: "a0:10" is the one to a that begins with the
  /// number 0, of 10 bytes.
  std::string arrived() { return std::exchange(arrived_, {}); }

  /// An engine is done with the message of that name.
  void finish(std::string_view name,
              std::optional<control::reject_reason> reason = {}) {
    uut.handle_finished(ids.at(std::string{name}), reason, now);
  }

  /// "channel:next rejects" of each channel that is acknowledged.
  std::string acked() {
    auto ack = uut.take_ack();
    std::ranges::sort(ack.channels, {}, &control::channel_ack::channel);
    std::string result;
    for (const auto& x : ack.channels) {
      result += (result.empty() ? "" : ", ") + std::to_string(x.channel) + ":"
                + std::to_string(x.next);
      for (const auto& [seq, reason] : x.rejects)
        result +=
          " " + std::to_string(seq) + "=" + std::string{to_string(reason)};
      windows[x.channel] = x.window;
    }
    return result;
  }

  /// The windows that were told last; 0 if none was.
  std::uint64_t window(std::uint64_t channel) {
    acked();
    return windows[channel];
  }

  /// What is taken of the memory that all peers share.
  std::int64_t taken() const { return all_memory - budget->free(); }

  std::map<std::string, reliable_id> ids;
  std::map<std::uint64_t, std::uint64_t> windows;
  std::size_t last_size = 0;
  std::size_t last_capacity = 0;
  bytes last_data;

private:
  std::string arrived_;
};

} // namespace test
