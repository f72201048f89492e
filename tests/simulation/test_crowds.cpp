// Thousands of identities at a node that is small: each calls once, does what
// does it no good, and leaves; others mean it. What the node has for all of
// them is bounded at every step.

#include <algorithm>
#include <list>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <node_proxy/protocol/session/handshake.hpp>
#include <node_proxy/protocol/wire/advert.hpp>
#include <node_proxy/protocol/wire/message_data.hpp>

#include "network.hpp"
#include "support/octets.hpp"

using namespace simulation;

namespace {

/// Comes after all nodes.
constexpr owner_id visitors = owner_id{1} << 30;

bytes encoded(std::size_t size) {
  message_codec codec;
  auto data = codec.encode({{{}, "visitor"}, {}, {}, bytes(size)}).value();
  auto head = data.head.view();
  auto payload = data.payload.view();
  bytes result{head.begin(), head.end()};
  append(result, payload);
  return result;
}

/// What somebody does who has proven itself.
enum class habit : std::uint8_t {
  /// Says that it can be reached where nobody is.
  advertises,
  /// Sends to an engine that takes messages.
  sends,
  /// Sends to one that takes them later.
  holds,
  /// Begins a long message.
  begins,
  /// Sends unreliable messages to that one.
  holds_unreliable,
  /// Acknowledges what it was never sent.
  lies,
  /// Says nothing.
  idles,
};

constexpr std::uint64_t habits = 7;

/// Calls once, and leaves after a while. It acknowledges nothing.
class visitor : public stream_user {
public:
  visitor(network& net, const node& to, std::uint64_t number, habit what,
          duration stay)
    : net_(net), stay_(stay), what_(what),
      self_(identity::from_seed(test::seeded(number).next_key())),
      handshake_(self_, to.self()->noise_public(),
                 test::seeded(number + 1).next_key(), offer(to)) {
    net.dial(*this, visitors, to.address(),
             [this](std::optional<connection_id> id) {
               if (id)
                 net_.write(*id, *this, handshake_.write_init().value());
             });
  }

  [[nodiscard]] const node_id& id() const { return self_.id(); }

  /// Whether the node had a place for it.
  [[nodiscard]] bool was_taken() const { return session_.has_value(); }

  void handle_accepted(connection_id) override {}
  void handle_written(connection_id, std::size_t) override {}
  void handle_closed(connection_id, close_reason) override { closed_ = true; }

  void handle_data(connection_id id, bytes_view data) override {
    if (session_ || closed_)
      return;
    input_.handle_input(data);
    auto body = input_.poll_body();
    if (!body || !*body)
      return;
    auto reply = handshake_.handle_reply(to_bytes(**body));
    if (!reply || !std::holds_alternative<session>(*reply))
      return hang_up(id);
    session_.emplace(std::move(std::get<session>(*reply)));
    net_.write(id, *this, say());
    net_.schedule(stay_, visitors, [this, id] { hang_up(id); });
  }

private:
  hello offer(const node& to) const {
    hello result;
    result.request = {1, 1, self_.id(), to.id(), 1, 0};
    result.epoch = 1;
    result.ciphers = {1};
    result.max_message = 100'000;
    return result;
  }

  bytes say() {
    bytes out;
    session_->seal(control::resume{0, {}, 1'000'000}, out);
    if (what_ == habit::advertises)
      session_->seal(advert(), out);
    session_->seal(control::open{0, target(), transport_ordering::ordered,
                                 limits::min_channel_window},
                   out);
    session_->seal(control::reopened{}, out);
    if (what_ == habit::lies)
      session_->seal(control::ack{{{0, 1'000, 1'000'000, {}}}}, out);
    else
      say_messages(out);
    return out;
  }

  void say_messages(bytes& out) {
    static const auto small = encoded(500);
    static const auto large = encoded(90'000);
    chunk_list chunks;
    if (what_ == habit::begins)
      chunks.add(0, false, bytes_view{large}.first(limits::fragment));
    else if (what_ != habit::advertises && what_ != habit::idles)
      for (int i = 0; i < 10; ++i)
        chunks.add(0, true, small);
    if (chunks.count() == 0)
      return;
    if (what_ == habit::holds_unreliable)
      session_->seal_unreliable(chunks, out);
    else
      session_->seal_messages(0, chunks, out);
  }

  engine_name target() const { return what_ == habit::sends ? "now" : "later"; }

  node_advert advert() const {
    node_advert result;
    result.version = 1;
    for (unsigned i = 0; i < 4; ++i)
      result.addrs.push_back(
        {tcp_addr{ipv4{{std::byte{9}, std::byte{9}, self_.id().data[0],
                        self_.id().data[1]}},
                  static_cast<std::uint16_t>(1'000 + i)},
         i + 1});
    CHECK(sign_advert(self_, result));
    return result;
  }

  void hang_up(connection_id id) {
    if (!std::exchange(closed_, true))
      net_.close(id, *this);
  }

  network& net_;
  duration stay_;
  habit what_;
  identity self_;
  initiator_handshake handshake_;
  deframer input_{limits::handshake_body};
  std::optional<session> session_;
  bool closed_ = false;
};

/// A hub with few places, one peer that was introduced to it, and one that was
/// not.
class crowded_hub {
public:
  explicit crowded_hub(std::uint64_t seed)
    : net(seed), random_(test::seeded(seed)), first_number_(seed * 1'000'000) {
    net.prepare = [this](connection_id, connection& x) {
      for (auto& way : x.directions)
        way.latency = 1ms;
      x.from = ipv4{{std::byte{1}, {}, {}, std::byte(caller_)}};
    };
    hub.rules.max_peers = places;
    hub.rules.peers_kept.records = 64;
    hub.rules.adverts_kept.unheld = 32;
    hub.max_dials = 8;
    hub.comes_back = true;
    hub.restart();
    net.introduce(known, hub);
    net.introduce(hub, known);
    net.introduce(newcomer, hub);
    hub.add_engine("now");
    hub.add_engine("later", 200ms);
  }

  /// Somebody comes, and the hub has something for somebody who was here.
  void step() {
    caller_ = 1 + static_cast<unsigned>(random_.below(64));
    auto what = static_cast<habit>(random_.below(habits));
    auto stay = 1ms * (5 + static_cast<int>(random_.below(500)));
    all_.emplace_back(net, hub, first_number_ + 2 * all_.size(), what, stay);
    net.run_for(3ms);
    caller_ = 100;
    if (random_.below(16) == 0)
      answer(*std::prev(
        all_.end(),
        static_cast<std::ptrdiff_t>(
          1 + random_.below(std::min<std::size_t>(all_.size(), 40)))));
    net.run_for(2ms);
    check_bounds();
  }

  /// Somebody who means it is served in time.
  void check_service(node& who, duration most) {
    caller_ = &who == &known ? 101 : 102;
    auto token = who.send(hub, "now", "hello");
    CHECK(
      net.run_until([&] { return who.outcome(token) == "delivered"; }, most));
  }

  [[nodiscard]] std::size_t taken() const {
    return static_cast<std::size_t>(
      std::ranges::count_if(all_, &visitor::was_taken));
  }

  static constexpr std::size_t places = 16;

  network net;
  node& hub = net.add("hub", settings());
  node& known = net.add("known", settings());
  node& newcomer = net.add("newcomer", settings());

private:
  static peer_settings settings() {
    peer_settings result;
    result.max_message = 100'000;
    result.stranger_window = 0; // four messages of the largest size
    result.idle_timeout = 500ms;
    result.backoff_base = 20ms;
    result.backoff_cap = 1s;
    return result;
  }

  void answer(const visitor& to) {
    node_out_msg msg;
    msg.expiry = rel_time{1};
    msg.msg.sender = {hub.id(), "now"};
    msg.msg.target = {to.id(), "visitor"};
    msg.msg.msg = bytes(random_.below(20'000));
    hub.send(to.id(), msg);
  }

  void check_bounds() {
    const auto& directory = hub.directory();
    CHECK(directory.here() <= places + 1);
    // Those that are here, and those that have left: of few addresses twice
    // as many as there are places, and as many again of others.
    CHECK(directory.here() <= places);
    CHECK(directory.guests() <= 3 * places);
    CHECK(hub.records() <= 64 + hub.unproven());
    CHECK(directory.adverts().size() <= 32 + hub.served());
    CHECK(hub.dials().under_way() <= 8);
    CHECK(hub.dials().for_strangers() <= 2);
    check_memory();
    check_writes();
  }

  void check_memory() {
    const auto& budget = *hub.budget().strangers();
    // What nobody is blamed for, and a frame each.
    constexpr auto each =
      static_cast<std::uint64_t>(stranger_account::spared) + (64u << 10);
    CHECK(budget.used() <= budget.size() + hub.served() * each);
    CHECK(budget.free_for_backlog() >= -static_cast<std::int64_t>(64u << 10));
  }

  /// What was on disk and is another, since the last step.
  void check_writes() {
    const auto& disk = hub.disk();
    for (const auto& x : disk.nodes)
      written_ += std::ranges::find(before_.nodes, x) == before_.nodes.end();
    for (const auto& x : disk.connected_peers)
      written_ += std::ranges::find(before_.connected_peers, x)
                  == before_.connected_peers.end();
    before_ = disk;
    auto seconds = std::chrono::ceil<std::chrono::seconds>(net.now().steady);
    CHECK(written_ <= 256 + 8 * static_cast<std::uint64_t>(seconds.count()));
  }

  random_source random_;
  std::uint64_t first_number_;
  unsigned caller_ = 100;
  std::list<visitor> all_;
  stored_state before_;
  std::uint64_t written_ = 0;
};

} // namespace

TEST_CASE("a crowd of identities takes what there is for it, and no more") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    INFO("seed=", seed);
    crowded_hub uut{seed};
    for (int i = 0; i < 600; ++i) {
      uut.step();
      if (i % 50 == 0)
        uut.check_service(uut.known, 1s);
      if (i % 150 == 149)
        uut.check_service(uut.newcomer, 30s);
    }
    // They were no harmless ones.
    CHECK(uut.taken() > 150);
    for (const auto& what : uut.net.failures())
      FAIL_CHECK(what);
  }
}
