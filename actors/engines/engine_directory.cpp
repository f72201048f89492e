#include <node_proxy/actors/engines/engine_directory.hpp>

#include <algorithm>
#include <mutex>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/base/hex.hpp>

namespace node_proxy::internal {

namespace {

/// Of how many engines that have ended the names are remembered at least; twice
/// as many at most. With names of some 20 bytes that takes 10 MiB.
constexpr std::size_t vacancies_kept = 65'536;

/// Whom to tell of what, once the directory is not locked any more.
using news = std::vector<std::pair<engine_watcher, engine_left>>;

void tell(const news& all) {
  for (const auto& [who, what] : all)
    send_anonymously(who, what);
}

} // namespace

std::uint64_t engine_entry::untaken() const {
  std::uint64_t result = 0;
  for (const auto& [id, x] : watchers_)
    result += x.untaken ? x.untaken->value() : 0;
  return result;
}

void engine_entry::warn_unfit(const node_log& log) const {
  if (!warned_.test_and_set())
    log.error("the engine '{}' answers as one that has no handler for {}: the "
              "messages that it does not take have failed",
              name(),
              types()     ? "a message of its interface"
              : batches() ? "engine_msg_batch"
                          : "engine_msg");
}

void engine_entry::warn_malformed(const node_log& log, const engine_id& sender,
                                  bare_error why) const {
  if (!warned_of_malformed_.test_and_set())
    log.error("the engine '{}' gets messages that are not those of its "
              "interface, such as from '{}' of {} ({}): they are rejected. Do "
              "both have the same version of it?",
              name(), sender.name, to_hex(sender.node.value_or(node_id{}).data),
              to_string(why));
}

/// What a directory leaves on an engine.
class engine_directory::note final : public end_note {
public:
  note(id_type id, std::weak_ptr<engine_directory> owner, engine_key key)
    : end_note{id}, owner_{std::move(owner)}, key_{key} {}

  void handle_end(actor_end how) override {
    if (auto owner = owner_.lock())
      owner->handle_ended(key_, how);
  }

private:
  std::weak_ptr<engine_directory> owner_;
  engine_key key_;
};

engine_directory::~engine_directory() {
  close();
}

expected<void, errc> engine_directory::add(register_engine what) {
  // Whoever has the name may have ended without having got to say so: then its
  // successor comes from the handler of somebody who was told first.
  if (auto known = find(what.name))
    if (auto end = end_of((*known)->engine()))
      handle_ended(key_of((*known)->engine()), *end);
  auto entry = std::make_shared<engine_entry>(std::move(what));
  auto wanted = insert(entry);
  if (!wanted)
    return unexpected{wanted.error()};
  // Of an engine that has ended this tells at once.
  const auto& engine = entry->engine();
  if (*wanted)
    attach(engine,
           std::make_unique<note>(**wanted, weak_from_this(), key_of(engine)));
  if (entry->ended())
    return unexpected{errc::engine_gone};
  return {};
}

/// The number of the note that its engine is to get, if it has none.
expected<std::optional<end_note::id_type>, errc>
engine_directory::insert(const engine_entry_ptr& entry) {
  std::unique_lock guard{mutex_};
  if (!names_.emplace(entry->name(), entry).second)
    return unexpected{errc::name_in_use};
  vacant_.erase(entry->name());
  vacant_before_.erase(entry->name());
  auto [x, is_new] = holders_.try_emplace(key_of(entry->engine()));
  x->second.entries.insert(entry);
  if (!is_new)
    return std::nullopt;
  x->second.note = end_note::new_id();
  return x->second.note;
}

bool engine_directory::remove(const engine_name& name) {
  engine_entry_ptr entry;
  std::optional<loose_note> unused;
  news told;
  {
    std::unique_lock guard{mutex_};
    auto was_vacant = vacant_.erase(name) + vacant_before_.erase(name) > 0;
    auto x = names_.find(name);
    if (x == names_.end())
      return was_vacant;
    entry = std::move(x->second);
    names_.erase(x);
    *entry->stage_ = engine_stage::unregistered;
    for (const auto& [id, watcher] : entry->watchers_)
      told.emplace_back(watcher.who, engine_left{entry});
    if (told.empty())
      unused = drop(entry);
  }
  if (unused)
    detach(unused->engine, unused->id);
  tell(told);
  return true;
}

void engine_directory::handle_end(const engine_name& name) {
  if (auto known = find(name))
    handle_end((*known)->engine());
}

void engine_directory::handle_end(const caf::actor& engine) {
  if (auto note = handle_ended(key_of(engine), actor_end::failure))
    detach(engine, *note);
}

expected<engine_entry_ptr, errc>
engine_directory::find(const engine_name& name) const {
  std::shared_lock guard{mutex_};
  if (auto x = names_.find(name); x != names_.end())
    return x->second;
  if (vacant_.contains(name) || vacant_before_.contains(name))
    return unexpected{errc::engine_gone};
  return unexpected{errc::unknown_engine};
}

std::vector<engine_status> engine_directory::list() const {
  std::vector<engine_status> result;
  {
    std::shared_lock guard{mutex_};
    result.reserve(names_.size());
    for (const auto& [name, x] : names_)
      result.push_back({name, x->types() != nullptr, x->untaken()});
  }
  std::ranges::sort(result, {}, &engine_status::name);
  return result;
}

std::vector<register_engine> engine_directory::all() const {
  std::vector<register_engine> result;
  std::shared_lock guard{mutex_};
  result.reserve(names_.size());
  for (const auto& [name, x] : names_)
    result.push_back(x->what_);
  return result;
}

bool engine_directory::watch(engine_entry& entry, const engine_watcher& who,
                             std::shared_ptr<const untaken_count> untaken) {
  std::unique_lock guard{mutex_};
  if (!entry.registered())
    return false;
  entry.watchers_.emplace(who.id(),
                          engine_entry::watcher{who, std::move(untaken)});
  return true;
}

void engine_directory::unwatch(const engine_entry_ptr& entry,
                               caf::actor_id who) {
  // What goes with it goes when nothing is locked any more.
  decltype(entry->watchers_)::node_type watcher;
  std::optional<loose_note> unused;
  {
    std::unique_lock guard{mutex_};
    watcher = entry->watchers_.extract(who);
    if (entry->watchers_.empty() && !entry->registered())
      unused = drop(entry);
  }
  if (unused)
    detach(unused->engine, unused->id);
}

void engine_directory::close() {
  // What goes here goes when nothing is locked any more.
  decltype(names_) names;
  decltype(holders_) holders;
  std::vector<engine_watcher> watchers;
  {
    std::unique_lock guard{mutex_};
    names.swap(names_);
    holders.swap(holders_);
    vacant_.clear();
    vacant_before_.clear();
    for (const auto& [key, x] : holders)
      for (const auto& entry : x.entries) {
        *entry->stage_ = engine_stage::unregistered;
        for (auto& [id, watcher] : std::exchange(entry->watchers_, {}))
          watchers.push_back(std::move(watcher.who));
      }
  }
  for (const auto& [key, x] : holders)
    detach((*x.entries.begin())->engine(), x.note);
}

/// An engine has ended, or is found to have.
/// @returns the note that it has got, if it was known.
std::optional<end_note::id_type>
engine_directory::handle_ended(engine_key engine, actor_end how) {
  auto stage =
    how == actor_end::failure ? engine_stage::failed : engine_stage::ended;
  holder ended;
  news told;
  {
    std::unique_lock guard{mutex_};
    auto x = holders_.find(engine);
    if (x == holders_.end())
      return std::nullopt;
    ended = std::move(x->second);
    holders_.erase(x);
    for (const auto& entry : ended.entries) {
      if (entry->registered()) {
        names_.erase(entry->name());
        add_vacancy(entry->name());
      }
      *entry->stage_ = stage;
      for (auto& [id, watcher] : std::exchange(entry->watchers_, {}))
        told.emplace_back(std::move(watcher.who), engine_left{entry});
    }
  }
  tell(told);
  return ended.note;
}

void engine_directory::add_vacancy(const engine_name& name) {
  if (vacant_.size() >= vacancies_kept)
    vacant_before_ = std::exchange(vacant_, {});
  vacant_.insert(name);
}

/// Nobody has to do with an entry any more. The note on its engine if that was
/// the last one.
std::optional<engine_directory::loose_note>
engine_directory::drop(const engine_entry_ptr& entry) {
  auto x = holders_.find(key_of(entry->engine()));
  if (x == holders_.end() || x->second.entries.erase(entry) == 0
      || !x->second.entries.empty())
    return std::nullopt;
  loose_note result{entry->engine(), x->second.note};
  holders_.erase(x);
  return result;
}

engine_directory::engine_key
engine_directory::key_of(const caf::actor& engine) {
  return caf::actor_cast<caf::abstract_actor*>(engine);
}

} // namespace node_proxy::internal
