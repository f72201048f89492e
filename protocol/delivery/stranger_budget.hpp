// The memory that messages of strangers and for them may take, of all of them
// together.

#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

#include <node_proxy/base/atomic_lock.hpp>
#include <node_proxy/messages/identities.hpp>

namespace node_proxy::internal {

/// Counts what is there of messages of all peers without standing, what was
/// promised to those that have begun, and what waits for these peers.
///
/// Messages for one engine may take as much as is free beside them ("dynamic
/// thresholds", see `window_shares`): an engine that takes none has half of all
/// in the end, for however long, and the others go on with the rest. One
/// stranger has a part: who has more begins nothing new. What waits for
/// strangers may take half of all (`stranger_backlog`).
///
/// May be used in several threads.
class stranger_budget {
public:
  using counter = std::atomic<std::int64_t>;

  /// One of so many equal parts is for each of them.
  static constexpr std::uint64_t parts = 8;

  /// What a message for an engine takes beside what it counts in windows: its
  /// names, the request to the engine, and its places in queues. An empty one
  /// was measured to take 950 to 1,040 bytes in all.
  static constexpr std::uint64_t message_memory = 960;

  /// @param largest what the largest message takes, of which there is room for
  ///                four in any case.
  stranger_budget(std::uint64_t bytes, std::uint64_t largest);

  // -- events -----------------------------------------------------------------

  /// So much more is there, or less.
  void add(std::int64_t bytes) {
    free_.fetch_sub(bytes, std::memory_order_relaxed);
  }

  /// So much more waits for them, or less.
  void add_backlog(std::int64_t bytes) {
    add(bytes);
    backlog_.fetch_add(bytes, std::memory_order_relaxed);
  }

  /// One more of them waits for memory that others have, or one less.
  void add_waiting(int count) {
    waiting_.fetch_add(count, std::memory_order_relaxed);
    if (count > 0)
      handle_shortage();
  }

  /// Something waits or is refused because there is not as much.
  void handle_shortage() { shortages_.fetch_add(1, std::memory_order_relaxed); }

  // -- state ------------------------------------------------------------------

  /// What there is of messages for an engine.
  [[nodiscard]] std::shared_ptr<counter> of_engine(const engine_name& name);

  /// Whether there is so much for further messages for an engine.
  [[nodiscard]] bool has_room(const counter& engine, std::uint64_t bytes) const;

  /// Below 0 if more is there than may be.
  [[nodiscard]] std::int64_t free() const {
    return free_.load(std::memory_order_relaxed);
  }

  /// What there is for more that waits for strangers.
  [[nodiscard]] std::int64_t free_for_backlog() const {
    return std::min(free(), static_cast<std::int64_t>(size_ / 2)
                              - backlog_.load(std::memory_order_relaxed));
  }

  [[nodiscard]] std::uint64_t size() const { return size_; }

  /// What is there, which may be more than may be.
  [[nodiscard]] std::uint64_t used() const {
    return size_ - static_cast<std::uint64_t>(free());
  }

  /// How often there was not as much as somebody needed.
  [[nodiscard]] std::uint64_t shortages() const {
    return shortages_.load(std::memory_order_relaxed);
  }

  [[nodiscard]] int waiting() const {
    return waiting_.load(std::memory_order_relaxed);
  }

  [[nodiscard]] std::int64_t part() const { return part_; }

  [[nodiscard]] std::int64_t largest() const { return largest_; }

private:
  void forget_unused();

  std::uint64_t size_;
  std::int64_t part_;
  std::int64_t largest_;
  counter free_;
  counter backlog_ = 0;
  std::atomic<int> waiting_ = 0;
  std::atomic<std::uint64_t> shortages_ = 0;
  atomic_lock lock_; // for what follows
  std::map<engine_name, std::weak_ptr<counter>> engines_;
  decltype(engines_)::iterator next_look_ = engines_.end();
};

class stranger_charge;

/// What one peer takes of a `stranger_budget`, as long as it is a stranger.
class stranger_account {
public:
  /// What nobody is blamed for, however little is free: some small messages for
  /// engines that are slow.
  static constexpr std::int64_t spared = 128 * 1024;

  explicit stranger_account(std::shared_ptr<stranger_budget> budget)
    : budget_(std::move(budget)) {}

  stranger_account(const stranger_account&) = delete;
  stranger_account& operator=(const stranger_account&) = delete;

  ~stranger_account() { set_waiting(false); }

  /// Whether anything is counted. What was charged before is for those who
  /// charged it to give back.
  void set_counts(bool counts) { counts_ = counts; }

  [[nodiscard]] bool counts() const { return counts_; }

  /// Somebody else's memory is waited for, or not any more.
  void set_waiting(bool waits);

  /// The peer has more than it may.
  void handle_excess() { exceeded_ = true; }

  /// What it had does not matter any more.
  void reset_excess() { exceeded_ = false; }

  /// Whether the peer had more than it may since this was asked last.
  [[nodiscard]] bool poll_excess();

  /// The peer has its part, and has to give back before it gets more.
  /// @param own what is charged for that which is to get more: it does not wait
  ///            for itself, however small the part is.
  [[nodiscard]] bool full(std::uint64_t own) const {
    return charged_ - static_cast<std::int64_t>(own) >= budget_->part();
  }

  /// Whether so much more may be promised to a message that has begun, or a
  /// window may grow by that.
  [[nodiscard]] bool may_take(const stranger_charge& charge, std::uint64_t own,
                              std::uint64_t bytes) const;

  /// Whether so much more may come that was not promised: what there is no room
  /// for can be dropped.
  [[nodiscard]] bool may_hold(const stranger_charge& charge,
                              std::uint64_t bytes) const;

  /// Others wait for memory.
  [[nodiscard]] bool is_wanted() const {
    return budget_->waiting() > (waits_ ? 1 : 0);
  }

  /// What the peer may have before it begins nothing more.
  [[nodiscard]] std::uint64_t part() const {
    return static_cast<std::uint64_t>(budget_->part());
  }

private:
  friend class stranger_charge;

  void add(stranger_budget::counter& engine, std::int64_t bytes);

  std::shared_ptr<stranger_budget> budget_;
  std::int64_t charged_ = 0;
  bool counts_ = false;
  bool waits_ = false;
  bool exceeded_ = false;
};

/// What a peer is charged for messages for one engine, or for what is for none
/// of them. Gives it back.
class stranger_charge {
public:
  stranger_charge() = default;
  explicit stranger_charge(stranger_account& account)
    : account_(&account),
      engine_(std::make_shared<stranger_budget::counter>(0)) {}
  stranger_charge(stranger_account& account, const engine_name& engine)
    : account_(&account), engine_(account.budget_->of_engine(engine)) {}

  stranger_charge(stranger_charge&& x) noexcept { *this = std::move(x); }
  stranger_charge& operator=(stranger_charge&& x) noexcept;

  ~stranger_charge() { set(0); }

  /// It is so much from now on.
  void set(std::uint64_t bytes);

  /// Whether this is about an engine.
  [[nodiscard]] bool exists() const { return account_ != nullptr; }

private:
  friend class stranger_account;

  stranger_account* account_ = nullptr;
  std::shared_ptr<stranger_budget::counter> engine_;
  std::int64_t bytes_ = 0;
};

/// What waits for one peer, which counts as long as it is a stranger. A peer
/// may never take what it was sent, however often it asks for more.
///
/// What waits for a stranger may take as much as is free beside it: the first
/// one that takes nothing leaves half to the others.
class stranger_backlog {
public:
  /// What waits for each of them whatever there is for others: some answers.
  static constexpr std::uint64_t spared = 32 * 1024;

  explicit stranger_backlog(std::shared_ptr<stranger_budget> budget)
    : budget_(std::move(budget)) {}

  stranger_backlog(const stranger_backlog&) = delete;
  stranger_backlog& operator=(const stranger_backlog&) = delete;

  ~stranger_backlog() { set_counts(false); }

  /// Whether it counts, as that of a stranger.
  void set_counts(bool counts) { set(bytes_, counts); }

  void add(std::uint64_t bytes) { set(bytes_ + bytes, counts_); }
  void remove(std::uint64_t bytes) { set(bytes_ - bytes, counts_); }

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

  [[nodiscard]] bool has_room(std::uint64_t bytes) const;

  /// The size beyond which something never finds room.
  [[nodiscard]] std::uint64_t max_size() const;

private:
  void set(std::uint64_t bytes, bool counts);
  [[nodiscard]] std::uint64_t charged() const;

  std::shared_ptr<stranger_budget> budget_;
  std::uint64_t bytes_ = 0;
  bool counts_ = false;
};

} // namespace node_proxy::internal
