// Names that an operator gives nodes, and nodes as an operator types them.

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include <node_names.hpp>

#include <node_proxy/base/hex.hpp>

#include "support/temporary_folder.hpp"

using namespace node_proxy;
using namespace node_proxy::tools;

namespace {

// Valid keys.
const std::string bob =
  "9e8240daa3f39e141b37e66de473f253ba9ad6dc199c686aeef76fc05e9b0e78";
const std::string carol =
  "7b00952b64979c611dc23c29d079f4a2d2b77615a3ff442a993091dd6c9a4b7b";

std::string error_of(std::string_view text) {
  auto name = parse_node_name(text);
  return name ? "" : name.error();
}

node_names names() {
  return node_names{{*parse_node_name("bob=" + bob)}};
}

} // namespace

TEST_CASE("a name is given with the id that it is for") {
  auto name = parse_node_name("bob=" + bob);
  REQUIRE(name);
  CHECK(name->name == "bob");
  CHECK(to_hex(name->id.data) == bob);
  CHECK(names().name_of(bob) == "bob");
  CHECK(names().name_of(carol).empty());
}

TEST_CASE("what is no name is refused, and named") {
  CHECK(error_of("bob").find("'bob' is no name") == 0);
  CHECK(error_of("=" + bob).find("NAME=NODE_ID") != std::string::npos);
  CHECK(error_of("a b=" + bob).find("without blanks") != std::string::npos);
  CHECK(error_of("b\x1b[2J=" + bob).find("visible") != std::string::npos);
  CHECK(error_of(std::string(65, 'x') + "=" + bob).find("64 octets")
        != std::string::npos);
  CHECK(error_of(std::string(64, 'x') + "=" + bob).empty());
  CHECK(error_of("bob=1234").find("64 hexadecimal digits")
        != std::string::npos);
}

TEST_CASE("a node is found by name, id, or the beginning of its id") {
  std::vector<std::string> known{carol};
  CHECK(names().find("bob", known) == bob);
  CHECK(names().find(bob, known) == bob);
  CHECK(names().find("7", known) == carol);
  CHECK(names().find("7B00952B", known) == carol);
  // One that is not known yet may be named in full.
  CHECK(node_names{}.find(bob, {}) == bob);
}

TEST_CASE("what may be several nodes is refused, and these are listed") {
  std::vector<std::string> known{"70" + carol.substr(2), carol};
  auto found = names().find("7", known);
  REQUIRE_FALSE(found);
  CHECK(found.error()
        == "'7' may be any of 2 nodes: " + known[0] + ", " + known[1]);
  CHECK(names().find("7b", known) == carol);
  for (std::size_t i = 0; i < 20; ++i)
    known.push_back("7" + std::to_string(i) + carol.substr(3));
  auto many = names().find("7", known);
  REQUIRE_FALSE(many);
  CHECK(many.error().find("any of 22 nodes") != std::string::npos);
  CHECK(many.error().ends_with(", ..."));
  CHECK(many.error().size() < 1'000);
}

TEST_CASE("what is no node is refused") {
  for (auto text : {"", "zoe", "8", "7b00952c"}) {
    auto found = names().find(text, {carol});
    REQUIRE_FALSE(found);
    CHECK(found.error().find("is no known node") != std::string::npos);
  }
}

namespace {

/// A user with a home of his own.
struct user {
  user() {
    ::unsetenv("XDG_CONFIG_HOME");
    ::setenv("HOME", home.c_str(), 1);
  }

  /// @returns where the names are.
  static std::string write(std::string_view names) {
    auto path = path_of_names();
    std::filesystem::create_directories(
      std::filesystem::path{path}.parent_path());
    std::ofstream{path} << names;
    return path;
  }

  /// What is known then.
  std::string names() {
    std::vector<node_name> all{*parse_node_name("rob=" + bob)};
    if (auto ok = add_names_of_user(all); !ok)
      return ok.error();
    std::string result;
    for (const auto& x : all)
      result += x.name + " ";
    return result;
  }

  testing::temporary_folder folder;
  std::string home = folder / "home";
};

} // namespace

TEST_CASE_FIXTURE(user, "a user has names for all commands in a file") {
  CHECK(names() == "rob ");
  write("# friends\n\nbob=" + bob + "\r\n  carol=" + carol + "  ");
  CHECK(names() == "bob carol rob ");
  // What is given besides counts more.
  std::vector<node_name> all{*parse_node_name("rob=" + bob)};
  REQUIRE(add_names_of_user(all));
  CHECK(node_names{all}.name_of(bob) == "rob");
}

TEST_CASE_FIXTURE(user, "the file of names is where others have theirs") {
  CHECK(path_of_names() == home + "/.config/node-proxy/names");
  ::setenv("XDG_CONFIG_HOME", "/elsewhere", 1);
  CHECK(path_of_names() == "/elsewhere/node-proxy/names");
  ::setenv("XDG_CONFIG_HOME", "relative", 1);
  CHECK(path_of_names() == home + "/.config/node-proxy/names");
  ::unsetenv("HOME");
  CHECK(path_of_names().empty());
  CHECK(names() == "rob ");
}

TEST_CASE_FIXTURE(user, "what is wrong in a file of names is said by line") {
  auto path = write("bob=" + bob + "\ncarol\n");
  CHECK(names().starts_with(path + ":2: 'carol' is no name for a node"));
  std::filesystem::permissions(path, std::filesystem::perms::all);
  CHECK(names().find(path) != std::string::npos);
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  CHECK(names().find(path) != std::string::npos);
}
