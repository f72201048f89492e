// The directory of peers, with the input in place of all others: who is wanted,
// introduced or permanent, who calls, proves himself, connects, leaves and
// ends, when time passes, and when the node begins anew with what was on disk.
// What must hold: nobody is served twice, nor beside his twin; an epoch belongs
// to one peer and goes on with the record that was left of it, or never; bounds
// are kept; timers advance; what is permanent stays so.

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include <node_proxy/protocol/crypto/crypto_init.hpp>
#include <node_proxy/protocol/node/peer_directory.hpp>
#include <node_proxy/protocol/wire/advert.hpp>

#include "fuzz/script.hpp"
#include "support/octets.hpp"

using namespace node_proxy;
using namespace node_proxy::internal;
using namespace std::chrono_literals;

namespace node_proxy::testing {

namespace {

constexpr std::size_t nodes = 8;
constexpr std::size_t max_peers = 3;
constexpr std::size_t max_records = 4;

std::shared_ptr<const identity> identity_of(std::uint64_t number) {
  static std::map<std::uint64_t, std::shared_ptr<const identity>> all;
  auto& result = all[number];
  if (!result)
    result = std::make_shared<identity>(identity::from_seed(
      test::numbered_key(static_cast<unsigned>(number) + 1)));
  return result;
}

/// One of the others, or its twin.
node_id some_id(script& from) {
  auto id = identity_of(1 + from.below(nodes))->id();
  return from.below(8) == 0 ? twin_of(id) : id;
}

/// Signing takes longer than all that is tried here.
const node_advert& advert_of(std::uint64_t number, std::uint64_t version) {
  static std::map<std::pair<std::uint64_t, std::uint64_t>, node_advert> all;
  auto [position, is_new] = all.try_emplace({number, version});
  if (is_new) {
    position->second.version = version;
    require(sign_advert(*identity_of(number), position->second).has_value());
  }
  return position->second;
}

/// Limits within the reach of short inputs.
directory_settings small_settings() {
  directory_settings result;
  result.max_peers = max_peers;
  result.adverts_kept.unheld = 3;
  result.peers_kept.records = max_records;
  result.peers_kept.lifetime = 1h;
  return result;
}

class world {
public:
  explicit world(bytes_view input) : script_{input} { start(); }

  void play() {
    while (!script_.ended())
      step();
  }

private:
  // What is known of an epoch of this process.
  struct epoch_state {
    node_id id;
    bool is_served = false;
    // Of one that is not served: what was left, if anything.
    std::optional<peer_record> record = std::nullopt;
    bool was_served = false;
  };

  // Somebody who was answered, and has not proven himself.
  struct request {
    node_id id;
    admission answer;
  };

  // -- what happens -----------------------------------------------------------

  void step() {
    using step_function = void (world::*)();
    // Inputs of the corpus depend on the order: add at the end.
    static constexpr step_function steps[]{
      &world::want,   &world::call,   &world::arrive, &world::give_up,
      &world::report, &world::end,    &world::permit, &world::introduce,
      &world::hear,   &world::meet,   &world::wait,   &world::write,
      &world::move,   &world::restart};
    (this->*steps[script_.below(std::size(steps))])();
    act();
    check_bounds();
  }

  void start() {
    epochs_.clear();
    served_.clear();
    requests_.clear();
    directory_.emplace(settings_, identity_of(0), stored_,
                       test::seeded(script_.octet()));
    act();
    favoured_.clear();
    for (const auto& id : stored_.permanent_peers) {
      require(directory_->is_permanent(id));
      favoured_.insert(id);
    }
    move();
    act();
  }

  void want() {
    auto id = some_id(script_);
    auto wanted = directory_->handle_wanted(id, now_.steady);
    act();
    require(!wanted || served_.contains(id));
  }

  void call() {
    auto id = some_id(script_);
    requests_.push_back({id, directory_->handle_request(id, now_.steady)});
  }

  std::optional<request> take_request() {
    if (requests_.empty())
      return std::nullopt;
    auto position =
      requests_.begin()
      + static_cast<std::ptrdiff_t>(script_.below(requests_.size()));
    auto result = *position;
    requests_.erase(position);
    return result;
  }

  void arrive() {
    auto x = take_request();
    if (!x)
      return;
    auto key = noise_key_of(x->id);
    require(key.has_value());
    arrival comes{x->id, *key, x->answer.epoch};
    if (script_.below(2) == 0)
      comes.from = ipv4{{std::byte{10}, {}, {}, std::byte{script_.octet()}}};
    auto taken = directory_->handle_arrival(comes, now_.steady);
    act();
    require(!taken || served_.at(x->id) == x->answer.epoch);
  }

  void give_up() {
    if (auto x = take_request())
      directory_->handle_request_end(x->id, x->answer.epoch);
  }

  void report() {
    auto id = some_id(script_);
    switch (script_.below(7)) {
    case 0:
      return tell(id, peer_connected{1});
    case 1:
      return tell(id, peer_disconnected{});
    case 2:
      return tell(id, peer_refused{});
    case 3:
      return tell(id, peer_key_shared{script_.below(2) == 0});
    case 4:
      return tell(id, peer_unreachable{});
    case 5:
      return tell(id, peer_connect_failed{});
    default:
      return tell(id, peer_resumed{script_.number()});
    }
  }

  void tell(const node_id& id, const peer_event& event) {
    static_cast<void>(directory_->handle_event(id, event, now_.steady));
  }

  /// A Node Proxy is done, or has failed.
  void end() {
    if (served_.empty())
      return;
    auto position =
      std::next(served_.begin(),
                static_cast<std::ptrdiff_t>(script_.below(served_.size())));
    auto [id, epoch] = *position;
    served_.erase(position);
    auto& known = epochs_.at(epoch);
    known.is_served = false;
    if (script_.below(3) > 0) {
      peer_record left{epoch};
      left.out.next = script_.octet();
      left.finished = script_.below(2) == 0;
      if (script_.below(2) == 0)
        left.last_established = connection_digest{};
      known.record = left;
    }
    directory_->handle_end(id, known.record, now_.steady);
  }

  void permit() {
    auto id = some_id(script_);
    auto permanent = script_.below(2) == 0;
    directory_->handle_permanence(id, permanent
                                        ? connection_permanence::permanent
                                        : connection_permanence::ephemeral);
    require(directory_->is_permanent(id) == permanent);
    if (permanent)
      favoured_.insert(id);
  }

  const node_advert& some_advert() {
    auto number = script_.below(nodes + 1);
    return advert_of(number, 1 + script_.below(3));
  }

  void introduce() {
    static_cast<void>(directory_->handle_introduction(some_advert()));
  }

  void hear() { static_cast<void>(directory_->handle_advert(some_advert())); }

  void meet() {
    address_memory memory;
    memory.handle_call(std::nullopt);
    directory_->handle_addresses(some_id(script_), memory);
  }

  void wait() {
    auto end = now_.steady
               + std::chrono::seconds{script_.octet()}
                   * (script_.below(4) == 0 ? 60 : 1);
    for (auto at = directory_->poll_timeout(); at && *at <= end;
         at = directory_->poll_timeout()) {
      now_.steady = std::max(now_.steady, *at);
      directory_->handle_timeout(now_.steady);
      act();
      auto next = directory_->poll_timeout();
      require(!next || *next > now_.steady);
    }
    now_.steady = end;
  }

  void write() {
    auto changes = directory_->poll_changes(now_.steady);
    if (!changes)
      return;
    if (changes->own_version)
      stored_.own_version = *changes->own_version;
    for (const auto& [id, known] : changes->nodes) {
      std::erase_if(stored_.nodes, [&id = id](const known_node& x) {
        return x.advert.id == id;
      });
      if (known)
        stored_.nodes.push_back(*known);
    }
    update(stored_.permanent_peers, changes->permanent);
    update(stored_.connected_peers, changes->connected);
  }

  template <class Changes>
  static void update(std::vector<node_id>& ids, const Changes& changes) {
    for (const auto& [id, is_in] : changes) {
      std::erase(ids, id);
      if (is_in)
        ids.push_back(id);
    }
  }

  /// This node is somewhere else.
  void move() {
    auto before = directory_->advert() ? directory_->advert()->version : 0;
    require(directory_->handle_local_addresses({}, script_.octet(), now_)
              .has_value());
    act();
    require(directory_->advert()->version >= before);
  }

  void restart() {
    if (script_.below(2) == 0)
      write();
    start();
  }

  // -- what follows -----------------------------------------------------------

  void act() {
    while (auto action = directory_->poll_action()) {
      if (auto x = std::get_if<serve_peer>(&*action))
        handle(*x);
      else if (auto y = std::get_if<displace_peer>(&*action))
        require(served_.contains(y->id));
      else if (auto z = std::get_if<regard_peer>(&*action))
        require(served_.contains(z->id));
      else if (auto u = std::get_if<seek_peer>(&*action))
        require(served_.contains(u->id));
      else if (auto v = std::get_if<hurry_peer>(&*action))
        require(served_.contains(v->id));
    }
  }

  void handle(const serve_peer& x) {
    auto epoch = x.record.epoch;
    require(served_.emplace(x.id, epoch).second);
    require(!served_.contains(twin_of(x.id)));
    require(settings_.admission.allows(x.id));
    auto [position, is_new] = epochs_.try_emplace(epoch, epoch_state{x.id});
    auto& known = position->second;
    require(known.id == x.id && !known.is_served);
    // Numbers of an epoch go on where they were left.
    if (known.was_served)
      require(known.record && known.record->out.next == x.record.out.next);
    known.is_served = known.was_served = true;
    known.record.reset();
  }

  void check_bounds() {
    auto favoured = std::ranges::count_if(
      served_, [this](const auto& x) { return favoured_.contains(x.first); });
    require(directory_->here()
            <= max_peers + static_cast<std::size_t>(favoured));
    require(directory_->records(now_.steady) <= max_records);
  }

  script script_;
  directory_settings settings_ = small_settings();
  stored_state stored_;
  timestamp now_{1000s, 60'000'000s};
  std::optional<peer_directory> directory_;
  // Of each peer that is served, its epoch.
  std::map<node_id, std::uint64_t> served_;
  std::map<std::uint64_t, epoch_state> epochs_;
  std::vector<request> requests_;
  // Those who are or were permanent: they always have a place, and keep it.
  std::set<node_id> favoured_;
};

} // namespace

} // namespace node_proxy::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace node_proxy::testing;
  require(node_proxy::init_crypto());
  world{std::as_bytes(std::span{data, size})}.play();
  return 0;
}
