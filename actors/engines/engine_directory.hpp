// The engines of a node by name, for its Router and its Node Proxies.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <node_proxy/actors/caf/end_note.hpp>
#include <node_proxy/actors/engine_interface.hpp>
#include <node_proxy/actors/engine_messages.hpp>
#include <node_proxy/actors/errc.hpp>
#include <node_proxy/actors/local_messages.hpp>
#include <node_proxy/actors/log/node_log.hpp>
#include <node_proxy/actors/node_status.hpp>
#include <node_proxy/messages/basics.hpp>

namespace node_proxy::internal {

class engine_directory;
struct engine_left;

/// Who wants to know when an engine has lost its name, or ended.
using engine_watcher = actor_interface<void(engine_left)>;

/// What is known of an engine under a name. It fails if it ends with an error.
enum class engine_stage : std::uint8_t {
  registered,
  unregistered,
  ended,
  failed
};

/// Goes on being that of an engine that nobody else refers to any more.
using shared_engine_stage = std::shared_ptr<const std::atomic<engine_stage>>;

/// Messages that one who delivers has for an engine, and that it has not taken.
/// Counted in his thread alone, read in any.
class untaken_count {
public:
  void add(std::uint64_t count) { set(value() + count); }
  void remove(std::uint64_t count) { set(value() - count); }

  [[nodiscard]] std::uint64_t value() const {
    return value_.load(std::memory_order_relaxed);
  }

private:
  void set(std::uint64_t value) {
    value_.store(value, std::memory_order_relaxed);
  }

  std::atomic<std::uint64_t> value_ = 0;
};

/// An engine under one name. If the name is given away again that is another
/// entry.
class engine_entry {
public:
  explicit engine_entry(register_engine what)
    : what_(std::move(what)), is_remote_(internal::is_remote(what_.engine)) {}

  [[nodiscard]] const engine_name& name() const { return what_.name; }
  [[nodiscard]] const caf::actor& engine() const { return what_.engine; }
  [[nodiscard]] bool batches() const { return what_.batches; }

  /// What it takes if it is typed, otherwise null.
  [[nodiscard]] const std::shared_ptr<const engine_interface>& types() const {
    return what_.types;
  }

  /// Whether the engine lives in another process.
  [[nodiscard]] bool is_remote() const { return is_remote_; }

  /// Whether the name still stands for this engine.
  [[nodiscard]] bool registered() const {
    return *stage_ == engine_stage::registered;
  }

  /// Whether the engine is known to have ended.
  [[nodiscard]] bool ended() const { return *stage_ >= engine_stage::ended; }

  [[nodiscard]] shared_engine_stage stage() const { return stage_; }

  /// Logs, once, that the engine does not seem to have a handler for what it
  /// registered for.
  void warn_unfit(const node_log& log) const;

  /// Logs, once, that it gets messages that are not those of its interface.
  void warn_malformed(const node_log& log, const engine_id& sender,
                      bare_error why) const;

private:
  friend class engine_directory;

  /// Messages that wait for it or that it works on.
  [[nodiscard]] std::uint64_t untaken() const;

  // Who is told when it has left, and what he counts if he delivers to it.
  struct watcher {
    engine_watcher who;
    std::shared_ptr<const untaken_count> untaken;
  };

  const register_engine what_;
  const bool is_remote_;
  // Changed while the directory is locked.
  std::shared_ptr<std::atomic<engine_stage>> stage_ =
    std::make_shared<std::atomic<engine_stage>>(engine_stage::registered);
  std::unordered_map<caf::actor_id, watcher> watchers_;
  mutable std::atomic_flag warned_;
  mutable std::atomic_flag warned_of_malformed_;
};

using engine_entry_ptr = std::shared_ptr<engine_entry>;

/// The engine has lost its name or, after that or at once, has ended.
struct engine_left {
  engine_entry_ptr entry;
};

/// All local engines by name, shared by all who deliver messages to them and
/// changed in place, at a cost of O(1). It learns by itself of the end of an
/// engine, in the thread in which that ends; its name is free from then on. It
/// leaves one note on each engine that has a name or owes somebody an answer,
/// and none when it is closed.
///
/// `add`, `remove`, `handle_end` and `close` are for the Router alone, the
/// others for any thread. Made by `std::make_shared`.
class engine_directory : public std::enable_shared_from_this<engine_directory> {
public:
  /// @param router takes the answers of typed engines.
  explicit engine_directory(caf::actor_addr router = {})
    : router_(std::move(router)) {}

  engine_directory(const engine_directory&) = delete;
  engine_directory& operator=(const engine_directory&) = delete;
  ~engine_directory();

  /// Gives an engine a name. Errors: name_in_use, engine_gone if it has ended.
  expected<void, errc> add(register_engine what);

  /// Takes a name away; false if nobody has or had it. What the engine got it
  /// may still answer.
  bool remove(const engine_name& name);

  /// Somebody knows that an engine has ended, or the one of that name: of a
  /// process that has died that may not show here.
  void handle_end(const caf::actor& engine);
  void handle_end(const engine_name& name);

  /// The engine of that name. Errors: unknown_engine; engine_gone if it has
  /// ended, and the name has not been used since.
  [[nodiscard]] expected<engine_entry_ptr, errc>
  find(const engine_name& name) const;

  /// All engines that have names, by these.
  [[nodiscard]] std::vector<engine_status> list() const;

  /// All that have names, as they were registered.
  [[nodiscard]] std::vector<register_engine> all() const;

  /// Has `who` told when the engine has left, until `unwatch`. False if it has
  /// already.
  /// @param untaken of `who`, if it delivers to the engine.
  [[nodiscard]] bool
  watch(engine_entry& entry, const engine_watcher& who,
        std::shared_ptr<const untaken_count> untaken = nullptr);
  void unwatch(const engine_entry_ptr& entry, caf::actor_id who);

  /// Forgets all engines and watchers.
  void close();

  [[nodiscard]] const caf::actor_addr& router() const { return router_; }

private:
  class note;

  // An actor that has names, or had some and is watched.
  struct holder {
    end_note::id_type note = 0;
    std::unordered_set<engine_entry_ptr> entries;
  };

  // A note that is to be taken back.
  struct loose_note {
    caf::actor engine;
    end_note::id_type id = 0;
  };

  // Engines by address, which is theirs alone as long as an entry refers to
  // them.
  using engine_key = const caf::abstract_actor*;

  static engine_key key_of(const caf::actor& engine);

  expected<std::optional<end_note::id_type>, errc>
  insert(const engine_entry_ptr& entry);
  std::optional<end_note::id_type> handle_ended(engine_key engine,
                                                actor_end how);
  void add_vacancy(const engine_name& name);
  std::optional<loose_note> drop(const engine_entry_ptr& entry);

  const caf::actor_addr router_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<engine_name, engine_entry_ptr> names_;
  std::unordered_map<engine_key, holder> holders_;
  // Names whose engines have ended, the most recent ones, and those before.
  std::unordered_set<engine_name> vacant_;
  std::unordered_set<engine_name> vacant_before_;
};

} // namespace node_proxy::internal
