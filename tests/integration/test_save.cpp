// Engines of `run` that make a file of each message.

#include <csignal>
#include <filesystem>

#include <doctest/doctest.h>

#include "tool_node.hpp"

using namespace node_proxy::testing;

namespace fs = std::filesystem;

namespace {

/// The path of a new folder.
std::string made(const std::string& path) {
  fs::create_directory(path);
  return path;
}

/// A node that saves, and one that sends to it.
struct saver {
  std::vector<std::string> options() const {
    return {"--engine", "in=box=save:" + path};
  }

  std::string sent(const std::string& text) {
    alice.send(bob, "in=box", text);
    alice.await("delivered");
    return bob.await("saved")["file"];
  }

  [[nodiscard]] std::size_t count_files() const {
    return static_cast<std::size_t>(
      std::distance(fs::directory_iterator{path}, fs::directory_iterator{}));
  }

  bool bob_says(std::string_view text) {
    return comes_true(
      [&] { return bob.program().errors().find(text) != std::string::npos; });
  }

  temporary_folder folder;
  // The name has what an engine's name ends with.
  std::string path = made(folder / "new=print: \xc3\xa4");
  tool_key bobs{folder, "bob"};
  tool_node bob{bobs, options()};
  tool_node alice{tool_key{folder, "alice"}, {"--peer", bob.advert()}};
};

} // namespace

TEST_CASE_FIXTURE(saver, "messages become files, which are told of") {
  alice.send(bob, "in=box", "hello");
  alice.await("delivered", {{"id", 1}});
  auto event = bob.await(
    "saved", {{"from", alice.id()}, {"engine", "in=box"}, {"bytes", 5}});
  std::string file = event["file"];
  CHECK(read_text(file) == "hello");
  CHECK(fs::path{file}.parent_path() == path);
  CHECK(file.ends_with("-" + alice.id()));
  auto first = sent("");
  auto second = sent("b");
  CHECK(first < second);
  CHECK(count_files() == 3);
}

TEST_CASE_FIXTURE(saver,
                  "a file arrives whole, and of a large one nothing else") {
  std::string content(15u << 20, '\xff');
  write_text(folder / "large", content);
  auto result =
    run_tool({"send", "--key", tool_key{folder, "carol"}.file, "--peer",
              bob.advert(), "--to", "in=box", "--file", folder / "large"});
  CHECK(result.status == 0);
  CHECK(read_text(bob.await("saved", {{"bytes", content.size()}})["file"])
        == content);
  CHECK(count_files() == 1);
}

TEST_CASE_FIXTURE(saver, "what a folder does not take waits until it does") {
  fs::remove(path);
  alice.send(bob, "in=box", "patience");
  CHECK(bob_says("No such file or directory; engine in=box takes no messages"));
  fs::create_directory(path);
  alice.await("delivered", {{"id", 1}});
  CHECK(read_text(bob.await("saved")["file"]) == "patience");
  CHECK(bob_says("messages are saved there again"));
}

TEST_CASE_FIXTURE(saver, "what was not saved is not lost when a node ends") {
  fs::remove(path);
  alice.send(bob, "in=box", "patience");
  CHECK(bob_says("takes no messages"));
  bob.program().signal(SIGTERM);
  CHECK(bob.program().wait() == 0);
  fs::create_directory(path);
  auto again = options();
  again.insert(again.end(), {"--peer", alice.advert(), "--permanent"});
  tool_node later{bobs, again};
  alice.await("delivered", {{"id", 1}});
  CHECK(read_text(later.await("saved")["file"]) == "patience");
}

TEST_CASE("a node does not begin where messages cannot be saved") {
  temporary_folder folder;
  tool_key key{folder, "bob"};
  auto begin = [&](const std::string& where) {
    return run_tool({"run", "--key", key.file, "--engine", "inbox=" + where});
  };
  auto missing = begin("save:" + (folder / "none"));
  CHECK(missing.status == 1);
  CHECK(missing.errors
        == "node-proxy: folder " + (folder / "none")
             + ": messages cannot be saved there: No such file or directory; "
               "expected a folder (mkdir)\n");
  CHECK(begin("save:" + key.file).status == 1);
  for (const auto* wrong : {"save:", "save", "Save:/tmp"}) {
    auto result = begin(wrong);
    CHECK(result.status == 2);
    CHECK(result.errors.find("NAME=save:FOLDER") != std::string::npos);
  }
}
