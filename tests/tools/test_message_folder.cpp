// Messages as files of a folder.

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <message_folder.hpp>

#include "support/octets.hpp"
#include "support/temporary_folder.hpp"

using namespace node_proxy;
using namespace node_proxy::testing;
using namespace node_proxy::tools;

namespace fs = std::filesystem;

namespace {

const std::string sender(64, '0');

engine_msg message(const std::string& text) {
  return {{node_id{}, "../../out"}, {std::nullopt, "in"}, 7, to_bytes(text)};
}

std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> result;
  for (const auto& entry : fs::directory_iterator{path})
    result.push_back(entry.path().filename().string());
  std::ranges::sort(result);
  return result;
}

/// Files of this process are not larger.
struct file_size_limit {
  explicit file_size_limit(rlim_t size) {
    ::getrlimit(RLIMIT_FSIZE, &before);
    rlimit limit{size, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }

  ~file_size_limit() { ::setrlimit(RLIMIT_FSIZE, &before); }

  rlimit before{};
};

struct fixture {
  fixture() { fs::create_directory(path); }

  std::string saved(const std::string& text, std::uint64_t now) {
    std::vector<engine_msg> messages{message(text)};
    auto done = uut.save(messages, now);
    REQUIRE_MESSAGE(done.error.empty(), done.error);
    REQUIRE(done.files.size() == 1);
    return done.files[0];
  }

  std::string error_at(std::uint64_t now) {
    std::vector<engine_msg> messages{message("lost?")};
    auto done = uut.save(messages, now);
    CHECK(done.files.empty());
    return done.error;
  }

  temporary_folder outer;
  std::string path = outer / "messages";
  message_folder uut{path};
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a message is a file for its owner alone") {
  auto before = ::umask(0);
  auto file = saved({"a\0b\n", 4}, 42);
  ::umask(before);
  CHECK(file == path + "/0000000000000042-" + sender);
  CHECK(read_text(file) == std::string{"a\0b\n", 4});
  struct stat info {};
  REQUIRE(::stat(file.c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
  CHECK(read_text(saved("", 43)).empty());
}

TEST_CASE_FIXTURE(fixture, "names are in order, whatever the clock says") {
  std::vector<std::string> files;
  for (auto now : {50u, 50u, 49u, 1u, 51u, 1'000u})
    files.push_back(saved("x", now));
  CHECK(std::ranges::is_sorted(files));
  CHECK(names_in(path).size() == files.size());
}

TEST_CASE_FIXTURE(fixture, "nothing that is there is overwritten") {
  auto taken = path + "/0000000000000042-" + sender;
  SUBCASE("a file") {
    write_text(taken, "older");
  }
  SUBCASE("a link that leads nowhere") {
    fs::create_symlink(outer / "elsewhere", taken);
  }
  SUBCASE("a folder") {
    fs::create_directory(taken);
  }
  SUBCASE("what a killed process has left") {
    write_text(path + "/.0000000000000042-" + sender + ".part", "half");
  }
  SUBCASE("a link in the place of the temporary file") {
    fs::create_symlink(outer / "elsewhere",
                       path + "/.0000000000000042-" + sender + ".part");
  }
  CHECK(saved("newer", 42) == path + "/0000000000000043-" + sender);
  CHECK(names_in(path).size() == 2);
  CHECK_FALSE(fs::exists(outer / "elsewhere"));
  if (fs::is_regular_file(taken))
    CHECK(read_text(taken) == "older");
}

TEST_CASE_FIXTURE(fixture,
                  "a folder that is gone is an error until it is back") {
  CHECK(uut.check());
  fs::remove(path);
  auto checked = uut.check();
  REQUIRE_FALSE(checked);
  CHECK(checked.error().find(path) != std::string::npos);
  CHECK(checked.error().find("expected a folder (mkdir)") != std::string::npos);
  CHECK(error_at(42).find("No such file or directory") != std::string::npos);
  write_text(path, "a file");
  CHECK(error_at(42).find("Not a directory") != std::string::npos);
  CHECK_FALSE(uut.check());
  fs::remove(path);
  fs::create_directory(path);
  CHECK(read_text(saved("x", 42)) == "x");
}

TEST_CASE_FIXTURE(fixture, "of many messages those have files that fit") {
  std::vector<engine_msg> messages;
  for (const auto* text : {"one", "two", "too long", "three"})
    messages.push_back(message(text));
  std::optional<file_size_limit> limit{5};
  auto first = uut.save(messages, 42);
  limit.reset();
  REQUIRE(first.files.size() == 2);
  CHECK(first.error.find("File too large") != std::string::npos);
  CHECK(names_in(path).size() == 2);
  auto rest = uut.save(std::span{messages}.subspan(2), 42);
  CHECK(rest.error.empty());
  auto files = first.files;
  files.insert(files.end(), rest.files.begin(), rest.files.end());
  REQUIRE(files.size() == 4);
  CHECK(std::ranges::is_sorted(files));
  for (std::size_t i = 0; i < files.size(); ++i)
    CHECK(to_bytes(read_text(files[i])) == messages[i].msg);
}

TEST_CASE_FIXTURE(fixture, "of a file that has no room nothing is left") {
  {
    file_size_limit limit{2};
    CHECK(error_at(42).find("a message cannot be written: File too large")
          != std::string::npos);
  }
  CHECK(names_in(path).empty());
  CHECK(read_text(saved("all of it", 42)) == "all of it");
}
