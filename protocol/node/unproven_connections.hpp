// Inbound connections whose peers have not proven themselves: who has a place,
// who makes room for whom, and whose handshake goes on next.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <node_proxy/base/fifo.hpp>
#include <node_proxy/messages/field.hpp>
#include <node_proxy/messages/identities.hpp>
#include <node_proxy/protocol/ids.hpp>
#include <node_proxy/protocol/node/crowd.hpp>
#include <node_proxy/protocol/settings.hpp>
#include <node_proxy/protocol/timestamp.hpp>
#include <node_proxy/protocol/wire/connection_source.hpp>

namespace node_proxy::internal {

/// Why a connection is to be closed.
enum class unproven_end : std::uint8_t {
  /// Its first frame has not come in time.
  first_frame_timeout,
  /// Its peer has not proven itself in time.
  handshake_timeout,
  /// Others need its place.
  made_room,
};

/// One half of what a handshake costs.
struct handshake_work {
  enum class half : std::uint8_t {
    /// To find out from the first frame who calls.
    read,
    /// To answer.
    answer,
  };

  connection_id connection = 0;
  half what = half::read;
};

/// Lets everybody in who can prove to be somebody, whatever connections there
/// are besides that prove nothing.
///
/// A connection goes through some crowds: it is silent; its first frame waits
/// to be read; its peer waits for an answer; that was given, and the peer has
/// to prove that it is there. Each crowd has places of its own, so that none
/// pushes another one out, and when these are taken, the source that has most
/// of them loses its oldest. So nobody is refused, and who goes on at once
/// stays, but for those who come from the same source as masses of others, or
/// if there are more sources than places.
///
/// - *Known* peers are in crowds of their own as soon as it is known who calls.
///   That may be a replay, so these have bounds, too, and a peer that calls is
///   another source than whoever replays its call from elsewhere.
/// - Halves of handshakes wait for the processor in crowds. These take turns,
///   and so do the sources within each. First come those of which fewer were
///   answered without having proven themselves until now.
/// - Those that were answered keep their places for `proof_time` at least, as
///   long as there are descriptors. So only so many are answered in a second if
///   they prove nothing. Those that do leave at once.
///
/// `handle_*` take events, whereupon `poll_end` says which connections are to
/// be closed, and `poll_work` which handshake goes on. Time never runs
/// backwards from call to call.
class unproven_connections {
public:
  /// How long an answer and what it is answered with may be under way: more
  /// than around the world and back.
  static constexpr duration proof_time = std::chrono::milliseconds{250};

  /// With fewer places a crowd would have none.
  static constexpr std::size_t min_places = 16;

  struct end {
    connection_id connection = 0;
    unproven_end reason = unproven_end::made_room;
  };

  /// @param places for all of them; at least `min_places` are made.
  /// @param settings outlives this.
  unproven_connections(std::size_t places, const peer_settings& settings);

  // -- events -----------------------------------------------------------------

  /// Somebody has connected.
  /// @param id is used once.
  void handle_opened(connection_id id, const connection_source& source,
                     steady_time now);

  /// The first frame has come, all of it.
  void handle_first_frame(connection_id id, steady_time now);

  /// It was read: who calls, or who is said to.
  /// @param known whether this node knows that peer but for its own coming.
  void handle_named(connection_id id, const node_id& peer, bool known,
                    steady_time now);

  /// The answer was sent, and allows the peer to go on.
  void handle_answered(connection_id id, steady_time now);

  /// A connection has ended, or its peer has proven itself. Nothing happens if
  /// `poll_end` has named it.
  void handle_closed(connection_id id);

  /// There are no descriptors for more: somebody makes room, if there is a
  /// stranger.
  void handle_shortage();

  void handle_timeout(steady_time now);

  // -- results ----------------------------------------------------------------

  /// What to close. Nothing is to be said of it any more.
  [[nodiscard]] std::optional<end> poll_end();

  /// What to do next if the processor is free for it. It ends with
  /// `handle_named`, `handle_answered` or `handle_closed`.
  [[nodiscard]] std::optional<handshake_work> poll_work(steady_time now);

  /// When to call `handle_timeout`, and then the others, at the latest.
  [[nodiscard]] std::optional<steady_time> poll_timeout() const;

  // -- state ------------------------------------------------------------------

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

private:
  enum class stage : std::uint8_t {
    silent,
    unread,
    reading,
    named,
    answering,
    answered,
  };

  // A known peer that calls from there.
  using known_caller = std::pair<node_id, connection_source>;

  // Those who wait for an answer, and those who have got it.
  template <class Source>
  struct answer_line {
    crowd<Source> waiting;
    crowd<Source> answered;
    std::size_t answering = 0; // places are kept for them

    void add(connection_id id, const Source& source, steady_time now) {
      waiting.add(id, source, now, answered.size_of(source));
    }

    [[nodiscard]] bool has_room() const {
      return answered.size() + answering < answered.places();
    }

    /// When those who wait for an answer, and for nothing else, get one.
    [[nodiscard]] std::optional<steady_time> next_answer() const {
      auto first = answered.next_out();
      if (waiting.size() == 0 || has_room() || !first)
        return std::nullopt;
      return first->since + proof_time;
    }
  };

  struct entry {
    [[nodiscard]] known_caller as_known() const { return {*known, source}; }

    connection_source source;
    steady_time opened{};
    steady_time deadline{};
    stage at = stage::silent;
    // The peer, if it is known.
    std::optional<node_id> known = {};
  };

  void set_deadline(connection_id id, entry& x, steady_time at);
  void leave(connection_id id, const entry& x);
  void finish(connection_id id, unproven_end reason);
  std::optional<handshake_work> poll_queue(std::size_t index, steady_time now);

  template <class Source>
  std::optional<handshake_work> poll_answer(answer_line<Source>& line,
                                            steady_time now);
  handshake_work begin(connection_id id, handshake_work::half what);

  template <class Source>
  void keep_to_places(const crowd<Source>& x);

  const peer_settings& settings_;
  std::unordered_map<connection_id, entry> entries_;
  std::set<std::pair<steady_time, connection_id>> deadlines_;
  crowd<connection_source> silent_;
  crowd<connection_source> unread_;
  answer_line<connection_source> strangers_;
  answer_line<known_caller> known_;
  // Whose turn it is: those that are unread, named and known, or named.
  std::size_t next_queue_ = 0;
  // Some wait for an answer, and for nothing else.
  bool is_held_ = false;
  fifo<end> ends_;
};

} // namespace node_proxy::internal

namespace node_proxy {

template <>
inline constexpr std::array<std::string_view, 3>
  enum_names<internal::unproven_end>{"first_frame_timeout", "handshake_timeout",
                                     "made_room"};

} // namespace node_proxy
