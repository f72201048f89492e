// Whose turn it is to send.

#pragma once

#include <cstddef>
#include <cstdint>

#include <node_proxy/base/fifo.hpp>
#include <node_proxy/messages/limits.hpp>

namespace node_proxy::internal {

/// Where something that may have to wait its turn stands.
struct send_turn {
  enum class list : std::uint8_t { none, fresh, waiting };

  list in = list::none;
  /// Bytes that may still be sent in this turn.
  std::int64_t deficit = 0;
};

/// Deficit round robin by bytes. Who had nothing to send before goes first, for
/// one turn: little that comes now and then does not wait for much that always
/// comes (FQ-CoDel, RFC 8290, section 4.2).
///
/// `T` has a member `turn`, and outlives this unless it is removed.
template <class T>
class send_schedule {
public:
  send_schedule() = default;

  send_schedule(const send_schedule&) = delete;
  send_schedule& operator=(const send_schedule&) = delete;

  ~send_schedule() {
    for (auto* list : {&fresh_, &waiting_})
      for (auto* x : *list)
        x->turn.in = send_turn::list::none;
  }

  /// `x` has something to send.
  void add(T& x) {
    if (x.turn.in != send_turn::list::none)
      return;
    x.turn = {send_turn::list::fresh, quantum};
    fresh_.push_back(&x);
  }

  /// Who sends next; nullptr if there is nobody.
  [[nodiscard]] T* next() {
    for (;;) {
      auto& list = fresh_.empty() ? waiting_ : fresh_;
      if (list.empty())
        return nullptr;
      auto& x = *list.front();
      if (x.turn.deficit > 0)
        return &x;
      x.turn.deficit += quantum;
      list.pop_front();
      wait(x);
    }
  }

  /// `x`, whose turn it is, has sent so much.
  void handle_sent(T& x, std::size_t bytes) {
    x.turn.deficit -= static_cast<std::int64_t>(bytes);
  }

  /// `x`, whose turn it is, has nothing more to send, or is not permitted to.
  void handle_done(T& x) {
    auto was_fresh = x.turn.in == send_turn::list::fresh;
    (was_fresh ? fresh_ : waiting_).pop_front();
    // Whoever sends a little again and again is not to go first each time.
    if (was_fresh && !waiting_.empty())
      wait(x);
    else
      x.turn.in = send_turn::list::none;
  }

  /// `x` is no more.
  void remove(T& x) {
    auto is_x = [&x](const T* y) {
      return y == &x;
    };
    if (x.turn.in == send_turn::list::fresh)
      fresh_.erase_if(is_x);
    else if (x.turn.in == send_turn::list::waiting)
      waiting_.erase_if(is_x);
    x.turn.in = send_turn::list::none;
  }

private:
  static constexpr std::int64_t quantum = limits::fragment;

  void wait(T& x) {
    x.turn.in = send_turn::list::waiting;
    waiting_.push_back(&x);
  }

  fifo<T*> fresh_;
  fifo<T*> waiting_;
};

} // namespace node_proxy::internal
