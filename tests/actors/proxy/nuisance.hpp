// Peers that have proven themselves and keep a node busy for nothing.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include <node_proxy/actors/loop/os_random.hpp>
#include <node_proxy/messages/node_advert.hpp>
#include <node_proxy/protocol/crypto/identity.hpp>
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
  /// Reliable messages for the engine "stuck", which takes none.
  held,
  /// Unreliable ones.
  held_unreliable,
  /// Messages of a kilobyte for the engine "echo", whose answers it does not
  /// acknowledge.
  unacknowledged,
  /// Heartbeats, while it reads nothing.
  unread,
  /// Acknowledges what it was never sent, and comes again.
  lies,
};

/// One of them.
class stranger {
public:
  /// Connects and proves itself; waits for that.
  /// @param self who it is: somebody else each time, or the same.
  stranger(const node_advert& to, nuisance kind,
           const identity& self = identity::from_seed(os_random_key()));

  /// Says as much as the connection takes now.
  /// @returns whether it took any.
  bool annoy();

  /// Says what the connection did not take before.
  void annoy_no_more();

  /// How many messages it has sent.
  [[nodiscard]] std::uint64_t sent() const { return messages_ + unreliables_; }

private:
  void prove(const node_advert& to, const identity& self);
  bytes receive_body();
  void seal(frame_kind kind, std::uint64_t number, bytes_view plaintext);
  void say(const control::frame& frame);
  void say_next();
  [[nodiscard]] bool may_say() const;
  [[nodiscard]] bool is_reliable() const;
  void say_message(frame_kind kind, std::uint64_t& number);
  bool send_some();
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
  void come_again(std::unique_ptr<stranger>& x) const;

  node_advert to_;
  nuisance kind_;
  std::vector<std::unique_ptr<stranger>> all_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

} // namespace test

namespace node_proxy {

template <>
inline constexpr std::array<std::string_view, 12> enum_names<test::nuisance>{
  "heartbeats",
  "unknown controls",
  "unreliable messages for nobody",
  "unreliable messages",
  "rejects",
  "channels",
  "rekeys",
  "held messages",
  "held unreliable messages",
  "answers without acknowledgement",
  "heartbeats of who reads nothing",
  "lies"};

} // namespace node_proxy
