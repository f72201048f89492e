// Peers that have proven themselves and keep a node busy for nothing.

#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include <node_proxy/messages/node_advert.hpp>
#include <node_proxy/protocol/session/sealing.hpp>
#include <node_proxy/protocol/wire/control.hpp>
#include <node_proxy/protocol/wire/frame.hpp>

#include "actors/proxy/raw_peer.hpp"

namespace test {

using namespace node_proxy::internal;

/// What such a peer says over and over again, each time in a frame of its own.
enum class nuisance : std::uint8_t {
  heartbeats,
  unknown_controls,
  /// For an engine that is not there.
  unreliable_for_nobody,
  /// For the engine "sink", one octet each.
  unreliable,
  /// Reliable messages for an engine that is not there.
  rejects,
  /// Opens a channel and closes it.
  channels,
  rekeys,
};

/// One of them.
class stranger {
public:
  /// Connects and proves itself; waits for that.
  stranger(const node_advert& to, nuisance kind);

  /// Says as much as the connection takes now.
  /// @returns whether it took any.
  bool annoy();

private:
  void prove(const node_advert& to);
  bytes receive_body();
  void seal(frame_kind kind, std::uint64_t number, bytes_view plaintext);
  void say(const control::frame& frame);
  void say_next();
  [[nodiscard]] bool may_say() const;
  void say_message(frame_kind kind, std::uint64_t& number);
  void listen();
  void hear(bytes_view body);

  nuisance kind_;
  raw_peer socket_;
  std::optional<sealer> sealer_;
  std::optional<opener> opener_;
  deframer input_;
  bytes out_;
  std::uint64_t controls_ = 0;
  std::uint64_t channels_ = 0;
  std::uint64_t unreliables_ = 0;
  std::uint64_t messages_ = 0;
  // Of the channel for reliable messages.
  std::uint64_t acknowledged_ = 0;
  std::uint64_t window_ = 0;
};

/// Many of them, in a thread of their own, from the constructor to the
/// destructor.
class crowd {
public:
  crowd(const node_advert& to, nuisance kind, std::size_t count);
  crowd(const crowd&) = delete;
  crowd& operator=(const crowd&) = delete;
  ~crowd();

private:
  void annoy();

  std::vector<stranger> all_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

} // namespace test

namespace node_proxy {

template <>
inline constexpr std::array<std::string_view, 7> enum_names<test::nuisance>{
  "heartbeats",
  "unknown controls",
  "unreliable messages for nobody",
  "unreliable messages",
  "rejects",
  "channels",
  "rekeys"};

} // namespace node_proxy
