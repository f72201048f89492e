#include <node_proxy/actors/key_file.hpp>

#include <filesystem>

#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <node_proxy/base/hex.hpp>

#include "support/temporary_folder.hpp"

using namespace node_proxy;
using namespace node_proxy::testing;

namespace {

/// Checks that loading fails with `code`, and words that name the file and have
/// `what` in them.
void check_refused(const std::string& path, file_errc code,
                   std::string_view what = {}) {
  auto loaded = load_identity(path);
  REQUIRE(!loaded);
  INFO(loaded.error().text);
  CHECK(loaded.error().code == code);
  CHECK(loaded.error().text.find(path) != std::string::npos);
  CHECK(loaded.error().text.find(what) != std::string::npos);
}

mode_t mode_of(const std::string& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777U;
}

} // namespace

TEST_CASE("an identity comes back from its file") {
  temporary_folder folder;
  auto path = folder / "key";
  auto self = make_identity();
  REQUIRE(save_identity(path, self));
  auto loaded = load_identity(path);
  REQUIRE(loaded);
  CHECK(loaded->id() == self.id());
  CHECK(to_hex(loaded->seed()) == to_hex(self.seed()));
}

TEST_CASE("each new identity is another one") {
  CHECK(make_identity().id() != make_identity().id());
}

TEST_CASE("a key file has a version, the node id and the seed") {
  temporary_folder folder;
  auto path = folder / "key";
  auto self = make_identity();
  REQUIRE(save_identity(path, self));
  CHECK(read_text(path)
        == "node-proxy key v1\nid " + to_hex(self.id().data) + "\nseed "
             + to_hex(self.seed()) + "\n");
}

TEST_CASE("only the owner may read a key file, whatever the umask") {
  temporary_folder folder;
  auto path = folder / "key";
  for (mode_t mask : {0000U, 0022U, 0777U}) {
    auto old = ::umask(mask);
    auto saved = save_identity(path, make_identity());
    ::umask(old);
    REQUIRE(saved);
    CHECK(mode_of(path) == 0600);
    std::filesystem::remove(path);
  }
}

TEST_CASE("a key is never overwritten") {
  temporary_folder folder;
  auto path = folder / "key";
  auto first = make_identity();
  REQUIRE(save_identity(path, first));
  auto again = save_identity(path, make_identity());
  REQUIRE(!again);
  CHECK(again.error().code == file_errc::exists);
  CHECK(load_identity(path)->id() == first.id());
}

TEST_CASE("a new key does not go where a symbolic link points") {
  temporary_folder folder;
  auto path = folder / "key";
  std::filesystem::create_symlink(folder / "elsewhere", path);
  auto saved = save_identity(path, make_identity());
  REQUIRE(!saved);
  CHECK(saved.error().code == file_errc::exists);
  CHECK(!std::filesystem::exists(folder / "elsewhere"));
}

TEST_CASE("a key cannot be saved where there is no folder") {
  temporary_folder folder;
  auto saved = save_identity(folder / "no/key", make_identity());
  REQUIRE(!saved);
  CHECK(saved.error().code == file_errc::not_found);
}

TEST_CASE("a key file that is missing is refused") {
  temporary_folder folder;
  check_refused(folder / "key", file_errc::not_found);
}

TEST_CASE("a key file that others have access to is refused") {
  temporary_folder folder;
  auto path = folder / "key";
  REQUIRE(save_identity(path, make_identity()));
  for (mode_t mode : {0640U, 0604U, 0620U, 0602U, 0610U, 0777U}) {
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    check_refused(path, file_errc::not_private);
  }
  REQUIRE(::chmod(path.c_str(), 0400) == 0);
  CHECK(load_identity(path));
}

TEST_CASE("what is no regular file is refused, without waiting for it") {
  temporary_folder folder;
  auto path = folder / "key";
  SUBCASE("a folder") {
    std::filesystem::create_directory(path);
  }
  SUBCASE("a pipe") {
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  }
  check_refused(path, file_errc::not_regular);
}

TEST_CASE("a key file with any damage is refused") {
  temporary_folder folder;
  auto path = folder / "key";
  REQUIRE(save_identity(path, make_identity()));
  auto good = read_text(path);
  for (std::size_t at = 0; at < good.size(); ++at) {
    auto bad = good;
    bad[at] ^= 1;
    write_text(path, bad);
    check_refused(path, file_errc::damaged);
  }
  for (std::size_t size = 0; size + 1 < good.size(); ++size) {
    write_text(path, good.substr(0, size));
    check_refused(path, file_errc::damaged);
  }
  write_text(path, good + "x");
  check_refused(path, file_errc::damaged);
  write_text(path, good);
  CHECK(load_identity(path));
}

TEST_CASE("what editors and other systems add to a key file does no harm") {
  temporary_folder folder;
  auto path = folder / "key";
  auto self = make_identity();
  REQUIRE(save_identity(path, self));
  auto good = read_text(path);
  auto other_lines = good;
  for (auto at = other_lines.find('\n'); at != std::string::npos;
       at = other_lines.find('\n', at + 2))
    other_lines.insert(at, "\r");
  for (const auto& text : {other_lines, "\xef\xbb\xbf" + good, good + "\n\n",
                           good + " \t\r\n", good.substr(0, good.size() - 1),
                           good.substr(0, 17) + " \t" + good.substr(17)}) {
    write_text(path, text);
    auto loaded = load_identity(path);
    REQUIRE_MESSAGE(loaded, text);
    CHECK(loaded->id() == self.id());
  }
}

TEST_CASE("what is wrong with a key file is said") {
  temporary_folder folder;
  auto path = folder / "key";
  REQUIRE(save_identity(path, make_identity()));
  auto good = read_text(path);
  for (const auto* text : {"", "\r\n", "\xef\xbb\xbf\n \n"}) {
    write_text(path, text);
    check_refused(path, file_errc::damaged, "is empty");
  }
  for (const auto* text : {"node-proxy advert v1\n", "node-proxy key v2\n",
                           "-----BEGIN PRIVATE KEY-----\n"}) {
    write_text(path, text);
    check_refused(path, file_errc::damaged, "no key of this version");
  }
  write_text(path, good.substr(0, good.size() - 3));
  check_refused(path, file_errc::damaged, "incomplete");
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  check_refused(path, file_errc::not_regular, "a directory");
}

TEST_CASE("a key file that is much too large is refused") {
  temporary_folder folder;
  auto path = folder / "key";
  write_text(path, std::string(1 << 20, 'x'));
  check_refused(path, file_errc::too_large);
}

TEST_CASE("a key file is no symbolic link, whatever that points to") {
  temporary_folder folder;
  auto path = folder / "key";
  REQUIRE(save_identity(folder / "real", make_identity()));
  std::filesystem::create_symlink(folder / "real", path);
  check_refused(path, file_errc::not_regular, "symbolic link");
}

TEST_CASE("a key is kept where nobody else can replace it") {
  temporary_folder folder;
  auto path = folder / "key";
  REQUIRE(save_identity(path, make_identity()));
  for (mode_t mode : {0770U, 0702U, 0777U}) {
    REQUIRE(::chmod((folder / "").c_str(), mode) == 0);
    check_refused(path, file_errc::not_private, "chmod go-w");
    auto saved = save_identity(folder / "new", make_identity());
    REQUIRE(!saved);
    CHECK(saved.error().code == file_errc::not_private);
  }
  REQUIRE(::chmod((folder / "").c_str(), 01777) == 0);
  CHECK(load_identity(path));
}

TEST_CASE("a key file of another user is refused") {
  if (::geteuid() != 0)
    return;
  temporary_folder folder;
  auto path = folder / "key";
  REQUIRE(save_identity(path, make_identity()));
  constexpr uid_t somebody = 1;
  REQUIRE(::chown(path.c_str(), somebody, 0) == 0);
  check_refused(path, file_errc::not_private, "owned by user 1");
  REQUIRE(::chown(path.c_str(), 0, 0) == 0);
  REQUIRE(::chown((folder / "").c_str(), somebody, 0) == 0);
  check_refused(path, file_errc::not_private, "of user 1");
}
