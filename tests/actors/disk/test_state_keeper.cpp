// A disk on which for some time nothing can be written.

#include <node_proxy/actors/disk/state_keeper.hpp>

#include <atomic>
#include <mutex>

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/resource.h>

#include <node_proxy/actors/disk/node_store.hpp>
#include <node_proxy/protocol/wire/advert.hpp>

#include "actors/node_fixture.hpp"
#include "support/reason.hpp"
#include "support/temporary_folder.hpp"

using namespace test;
using node_proxy::testing::temporary_folder;

namespace {

/// As long as this lives no file of this process can grow.
class full_disk {
public:
  full_disk() {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    rlimit none{0, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &none) == 0);
  }

  full_disk(const full_disk&) = delete;
  full_disk& operator=(const full_disk&) = delete;

  ~full_disk() { ::setrlimit(RLIMIT_FSIZE, &before_); }

private:
  rlimit before_{};
};

/// Counts what is logged.
class counting_sink : public spdlog::sinks::base_sink<std::mutex> {
public:
  std::atomic<int> errors = 0;
  std::atomic<int> infos = 0;

protected:
  void sink_it_(const spdlog::details::log_msg& msg) override {
    ++(msg.level == spdlog::level::err ? errors : infos);
  }

  void flush_() override {
    // nop
  }
};

node_advert advert_of(const identity& owner, std::uint64_t version) {
  node_advert result;
  result.version = version;
  REQUIRE(sign_advert(owner, result));
  return result;
}

struct fixture : system_fixture {
  fixture() {
    auto store = node_store::open(path, owner->id());
    REQUIRE_MESSAGE(store, reason(store));
    keeper = spawn_state_keeper(
      system, std::move(*store),
      node_log{std::make_shared<spdlog::logger>("test", log)});
  }

  ~fixture() {
    if (keeper)
      stop();
  }

  void write(const identity& whose, std::optional<std::uint64_t> version) {
    state_changes changes;
    auto& node = changes.nodes[whose.id()];
    if (version)
      node = known_node{advert_of(whose, *version)};
    must<done>(keeper, changes);
  }

  void stop() {
    caf::anon_send_exit(keeper, caf::exit_reason::user_shutdown);
    self->wait_for(keeper);
    keeper = nullptr;
  }

  /// The versions of the adverts on disk, once the keeper has ended.
  std::vector<std::uint64_t> stored() {
    stop();
    auto store = node_store::open(path, owner->id());
    REQUIRE_MESSAGE(store, reason(store));
    auto loaded = store->load();
    REQUIRE_MESSAGE(loaded, reason(loaded));
    std::vector<std::uint64_t> result;
    for (const auto& x : loaded->nodes)
      result.push_back(x.advert.version);
    std::ranges::sort(result);
    return result;
  }

  temporary_folder folder;
  std::string path = folder / "state";
  std::shared_ptr<counting_sink> log = std::make_shared<counting_sink>();
  std::shared_ptr<const identity> owner = fresh_identity();
  std::shared_ptr<const identity> alice = fresh_identity();
  std::shared_ptr<const identity> bob = fresh_identity();
  state_keeper_actor keeper;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "what cannot be written is written later") {
  write(*bob, 1);
  {
    full_disk full;
    write(*alice, 10);
    write(*alice, 20);
    write(*bob, std::nullopt);
    for (int i = 0; i < 3; ++i)
      self->send(keeper, retry_write{});
    write(*owner, 30);
    CHECK(log->errors == 1);
    CHECK(log->infos == 0);
  }
  SUBCASE("when the disk has room again") {
    REQUIRE(comes_true([&] { return log->infos > 0; }));
  }
  SUBCASE("at the end at the latest") {}
  CHECK(stored() == std::vector<std::uint64_t>{20, 30});
  CHECK(log->errors == 1);
}

TEST_CASE_FIXTURE(fixture, "each time that nothing can be written is told") {
  for (int i = 1; i <= 3; ++i) {
    {
      full_disk full;
      write(*alice, std::uint64_t(i));
      CHECK(log->errors == i);
    }
    must<done>(keeper, state_changes{});
    self->send(keeper, retry_write{});
    must<done>(keeper, state_changes{});
    CHECK(log->infos == i);
  }
  CHECK(stored() == std::vector<std::uint64_t>{3});
}

TEST_CASE_FIXTURE(fixture, "what is lost at the end is told") {
  full_disk full;
  write(*alice, 1);
  stop();
  CHECK(log->errors == 2);
}

TEST_CASE("of changes of the same thing the last one counts") {
  auto alice = fresh_identity();
  auto bob = fresh_identity();
  state_changes uut;
  uut.own_version = 1;
  uut.nodes[alice->id()] = known_node{advert_of(*alice, 1)};
  uut.permanent[alice->id()] = true;
  state_changes later;
  later.nodes[alice->id()] = std::nullopt;
  later.permanent[alice->id()] = false;
  later.permanent[bob->id()] = true;
  uut.add(later);
  CHECK(uut.own_version == 1);
  REQUIRE(uut.nodes.size() == 1);
  CHECK_FALSE(uut.nodes.at(alice->id()));
  CHECK(uut.permanent.size() == 2);
  CHECK_FALSE(uut.permanent.at(alice->id()));
  CHECK(uut.permanent.at(bob->id()));
  later.own_version = 2;
  uut.add(later);
  CHECK(uut.own_version == 2);
}

TEST_CASE("changes that wait are bounded") {
  auto alice = fresh_identity();
  state_changes uut;
  uut.nodes[alice->id()] = known_node{advert_of(*alice, 1)};
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    state_changes later;
    node_id gone;
    for (std::size_t byte = 0; byte < 4; ++byte)
      gone.data[byte] = std::byte(i >> 8 * byte & 0xff);
    later.nodes[gone] = std::nullopt;
    uut.add(later);
    REQUIRE(uut.nodes.size() <= 65'536);
  }
  CHECK(uut.nodes.at(alice->id()));
}
