// The database of a node's state.

#include <node_proxy/actors/disk/node_store.hpp>

#include <filesystem>

#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <node_proxy/protocol/wire/advert.hpp>

#include "actors/node_fixture.hpp"
#include "support/reason.hpp"
#include "support/temporary_folder.hpp"

using namespace test;
using node_proxy::testing::read_text;
using node_proxy::testing::temporary_folder;
using node_proxy::testing::write_text;

namespace {

node_advert advert_of(const identity& owner, std::uint64_t version) {
  node_advert result;
  result.addrs = {{any_port(), 3}};
  result.version = version;
  REQUIRE(sign_advert(owner, result));
  return result;
}

struct fixture {
  node_store open() {
    auto result = node_store::open(path, self->id());
    REQUIRE_MESSAGE(result, reason(result));
    return std::move(*result);
  }

  stored_state load() {
    auto result = open().load();
    REQUIRE_MESSAGE(result, reason(result));
    return std::move(*result);
  }

  void apply(const state_changes& changes) {
    auto ok = open().apply(changes);
    REQUIRE_MESSAGE(ok, reason(ok));
  }

  /// The error of opening, or else of loading; its text has to name the file
  /// and to contain `words`.
  file_errc error(std::string_view words) {
    auto store = node_store::open(path, self->id());
    expected<stored_state, file_error> result =
      unexpected{file_error{file_errc::io, ""}};
    if (store)
      result = store->load();
    else
      result = unexpected{store.error()};
    REQUIRE_FALSE(result);
    INFO(result.error().text);
    CHECK(result.error().text.find(path) != std::string::npos);
    CHECK(result.error().text.find(words) != std::string::npos);
    return result.error().code;
  }

  temporary_folder folder;
  std::string path = folder / "state";
  std::string file = path + "/state.db";
  std::shared_ptr<const identity> self = fresh_identity();
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a new state is empty and private") {
  auto state = load();
  CHECK(state.own_version == 0);
  CHECK(state.nodes.empty());
  CHECK(state.permanent_peers.empty());
  using std::filesystem::perms;
  CHECK(std::filesystem::status(path).permissions() == perms::owner_all);
  CHECK(std::filesystem::status(file).permissions()
        == (perms::owner_read | perms::owner_write));
}

TEST_CASE_FIXTURE(fixture, "what is written is there again") {
  auto one = fresh_identity();
  auto two = fresh_identity();
  auto first = advert_of(*one, 7);
  auto second = advert_of(*two, 8);
  address_memory met;
  met.handle_introduction(first);
  met.handle_contact(any_port(), {});
  apply({41, {{one->id(), known_node{first}}}, {{one->id(), true}}, {}});
  apply({42, {{two->id(), known_node{second, met}}}, {{two->id(), true}}, {}});
  auto state = load();
  CHECK(state.own_version == 42);
  REQUIRE(state.nodes.size() == 2);
  CHECK(state.nodes[0] == known_node{first});
  CHECK(state.nodes[1] == known_node{second, met});
  CHECK(state.permanent_peers.size() == 2);
  // One that is replaced comes last.
  auto newer = advert_of(*one, 9);
  apply({{}, {{one->id(), known_node{newer}}}, {{one->id(), false}}, {}});
  state = load();
  CHECK(state.own_version == 42);
  REQUIRE(state.nodes.size() == 2);
  CHECK(state.nodes[0] == known_node{second, met});
  CHECK(state.nodes[1] == known_node{newer});
  CHECK(state.permanent_peers == std::vector{two->id()});
  apply({{}, {{two->id(), std::nullopt}}, {}, {}});
  CHECK(load().nodes.size() == 1);
}

TEST_CASE_FIXTURE(fixture, "a state has one owner at a time") {
  auto owner = std::make_optional(open());
  CHECK(error("in use") == file_errc::in_use);
  owner.reset();
  static_cast<void>(load());
}

TEST_CASE_FIXTURE(fixture, "a state belongs to one node") {
  static_cast<void>(load());
  self = fresh_identity();
  CHECK(error("expected that of node") == file_errc::damaged);
}

TEST_CASE_FIXTURE(fixture, "what is no state is refused") {
  SUBCASE("a directory that cannot be made") {
    path = folder / "nowhere/state";
    CHECK(error("expected one (mkdir -p)") == file_errc::not_found);
  }
  SUBCASE("a file in place of the directory") {
    write_text(path, "hello");
    CHECK(error("is not a directory") == file_errc::not_regular);
  }
  SUBCASE("another file in place of the database") {
    std::filesystem::create_directory(path);
    write_text(file, std::string(10'000, 'x'));
    CHECK(error("no SQLite database") == file_errc::damaged);
  }
  SUBCASE("the database of another program") {
    apply({1, {}, {}, {}});
    auto content = read_text(file);
    content[68] = 'x'; // application_id, see the file format of SQLite
    write_text(file, content);
    CHECK(error("another program") == file_errc::damaged);
  }
  SUBCASE("the database of another version") {
    apply({1, {}, {}, {}});
    auto content = read_text(file);
    content[63] = '\2'; // user_version
    write_text(file, content);
    CHECK(error("has version 2; expected 1") == file_errc::damaged);
  }
  SUBCASE("a database that is cut short") {
    apply({1, {{self->id(), known_node{advert_of(*self, 1)}}}, {}, {}});
    write_text(file, read_text(file).substr(0, 8'192));
    CHECK(error("damaged") == file_errc::damaged);
  }
  SUBCASE("an advert that was altered") {
    apply(
      {1, {{self->id(), known_node{advert_of(*self, 0x1122334455)}}}, {}, {}});
    auto content = read_text(file);
    // The version, as a BARE uint.
    auto where = content.find(std::string{"\xd5\x88\xcd\x91\x92\x02", 6});
    REQUIRE(where != std::string::npos);
    content[where] = '\xd6';
    write_text(file, content);
    CHECK(error("has not signed") == file_errc::damaged);
  }
}

TEST_CASE_FIXTURE(fixture, "a state is kept where others cannot write") {
  static_cast<void>(load());
  auto refused_with_mode = [&](const std::string& what, mode_t mode) {
    REQUIRE(::chmod(what.c_str(), mode) == 0);
    CHECK(error("chmod go-w") == file_errc::not_private);
  };
  SUBCASE("a directory that others may write") {
    refused_with_mode(path, 0770);
    refused_with_mode(path, 0702);
    // What others put there is theirs, also in a directory such as /tmp.
    refused_with_mode(path, 01777);
  }
  SUBCASE("a directory that others may replace") {
    refused_with_mode(folder / "", 0777);
    REQUIRE(::chmod((folder / "").c_str(), 01777) == 0);
    static_cast<void>(load());
  }
  SUBCASE("a database that others may write") {
    refused_with_mode(file, 0620);
  }
}

TEST_CASE_FIXTURE(fixture, "a state is no symbolic link") {
  static_cast<void>(load());
  SUBCASE("the directory") {
    std::filesystem::rename(path, folder / "real");
    std::filesystem::create_symlink(folder / "real", path);
    CHECK(error("symbolic link") == file_errc::not_regular);
    auto plain = path;
    for (const auto* end : {"/", "//", "/.", "/./"}) {
      path = plain + end;
      auto store = node_store::open(path, self->id());
      REQUIRE(!store);
      CHECK(store.error().code == file_errc::not_regular);
    }
  }
  SUBCASE("the database and what belongs to it") {
    std::filesystem::remove(file);
    for (const auto* end : {"", "-wal", "-shm", "-journal"}) {
      std::filesystem::create_symlink(folder / "elsewhere", file + end);
      CHECK(error("symbolic link") == file_errc::not_regular);
      CHECK_FALSE(std::filesystem::exists(folder / "elsewhere"));
      std::filesystem::remove(file + end);
    }
  }
}

TEST_CASE_FIXTURE(fixture, "a state has no pipes in it") {
  static_cast<void>(load());
  std::filesystem::remove(file);
  for (const auto* end : {"", "-wal", "-journal"}) {
    REQUIRE(::mkfifo((file + end).c_str(), 0600) == 0);
    CHECK(error("is no regular file") == file_errc::not_regular);
    std::filesystem::remove(file + end);
  }
}

TEST_CASE_FIXTURE(fixture, "a state of another user is refused") {
  if (::geteuid() != 0)
    return;
  static_cast<void>(load());
  constexpr uid_t somebody = 1;
  for (const auto& what : {file, path}) {
    REQUIRE(::chown(what.c_str(), somebody, 0) == 0);
    CHECK(error("owned by user 1") == file_errc::not_private);
    REQUIRE(::chown(what.c_str(), 0, 0) == 0);
  }
}

TEST_CASE_FIXTURE(fixture, "half a change is no change") {
  apply({1, {}, {}, {}});
  // As a process leaves it that is killed while it makes the database.
  SUBCASE("before there is anything") {
    std::filesystem::remove(file);
    write_text(file, "");
    CHECK(load().own_version == 0);
  }
  SUBCASE("in the middle of writing") {
    auto owner = std::make_optional(open());
    REQUIRE(owner->apply({2, {}, {}, {}}));
    auto journal = read_text(file + "-wal");
    auto database = read_text(file);
    REQUIRE(journal.size() > 100);
    owner.reset();
    write_text(file, database);
    write_text(file + "-wal", journal.substr(0, journal.size() - 100));
    CHECK(load().own_version == 1);
    write_text(file, database);
    write_text(file + "-wal", journal);
    CHECK(load().own_version == 2);
  }
}

TEST_CASE_FIXTURE(fixture,
                  "a state that is removed meanwhile is written again") {
  auto store = open();
  state_changes first;
  first.own_version = 7;
  first.permanent[self->id()] = true;
  REQUIRE(store.apply(first));
  CHECK_FALSE(store.take_restored());
  SUBCASE("the directory") {
    std::filesystem::remove_all(path);
  }
  SUBCASE("the file alone") {
    std::filesystem::remove(file);
  }
  SUBCASE("its journal alone") {
    std::filesystem::remove(file + "-wal");
  }
  state_changes second;
  second.permanent[fresh_identity()->id()] = true;
  auto applied = store.apply(second);
  REQUIRE_MESSAGE(applied, reason(applied));
  CHECK(store.take_restored());
  REQUIRE(store.apply(second));
  CHECK_FALSE(store.take_restored());
  CHECK(node_store::open(path, self->id()).error().code == file_errc::in_use);
  // What a process that is killed now leaves.
  auto left = folder / "left";
  std::filesystem::copy(path, left);
  path = std::exchange(left, path);
  auto state = load();
  CHECK(state.own_version == 7);
  CHECK(state.permanent_peers.size() == 2);
  CHECK((std::filesystem::status(file).permissions()
         & std::filesystem::perms::others_all)
        == std::filesystem::perms::none);
}

TEST_CASE_FIXTURE(fixture, "a state stays where it was opened") {
  auto before = std::filesystem::current_path();
  std::filesystem::current_path(std::string{folder / ""});
  auto store = node_store::open("state", self->id());
  std::filesystem::current_path(before);
  REQUIRE_MESSAGE(store, reason(store));
  CHECK(store->path() == file);
  state_changes changes;
  changes.own_version = 7;
  CHECK(store->apply(changes));
  CHECK_FALSE(store->take_restored());
}

TEST_CASE_FIXTURE(fixture, "a state that cannot be looked for is not removed") {
  auto store = open();
  auto away = folder / "away";
  std::filesystem::rename(path, away);
  std::filesystem::create_symlink(path, path);
  state_changes changes;
  changes.own_version = 7;
  auto applied = store.apply(changes);
  REQUIRE_FALSE(applied);
  CHECK(applied.error().code == file_errc::io);
  CHECK(applied.error().text.find("cannot be found") != std::string::npos);
  std::filesystem::remove(path);
  std::filesystem::rename(away, path);
  CHECK(store.apply(changes));
  CHECK_FALSE(store.take_restored());
}

TEST_CASE_FIXTURE(fixture, "a state that was replaced is left alone") {
  auto store = open();
  std::filesystem::remove(file);
  write_text(file, "somebody else's");
  state_changes changes;
  changes.own_version = 7;
  auto applied = store.apply(changes);
  REQUIRE_FALSE(applied);
  CHECK(applied.error().code == file_errc::in_use);
  CHECK(applied.error().text.find(file) != std::string::npos);
  CHECK(read_text(file) == "somebody else's");
  std::filesystem::remove(file);
  CHECK(store.apply(changes));
}

TEST_CASE_FIXTURE(fixture, "a state that cannot be made again is an error") {
  auto store = open();
  std::filesystem::remove_all(path);
  write_text(path, "no directory");
  state_changes changes;
  changes.own_version = 7;
  auto applied = store.apply(changes);
  REQUIRE_FALSE(applied);
  CHECK(applied.error().code == file_errc::not_regular);
  std::filesystem::remove(path);
  CHECK(store.apply(changes));
  { auto ended = std::move(store); }
  CHECK(load().own_version == 7);
}

TEST_CASE_FIXTURE(fixture, "what is damaged says how to begin anew") {
  static_cast<void>(load());
  write_text(file, std::string(8'192, 'x'));
  CHECK(error("To begin anew, stop the node and move") == file_errc::damaged);
}
