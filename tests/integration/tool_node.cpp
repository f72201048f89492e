#include "tool_node.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "documented_lines.hpp"

namespace node_proxy::testing {

namespace {

std::vector<std::string> run_command(const tool_key& key,
                                     const std::vector<std::string>& options) {
  std::vector<std::string> result{
    NODE_PROXY_TOOL, "run", "--key", key.file, "--listen", "tcp://127.0.0.1:0"};
  result.insert(result.end(), options.begin(), options.end());
  return result;
}

} // namespace

tool_key::tool_key(const temporary_folder& folder, std::string_view name)
  : file{folder / name} {
  auto made = run_tool({"keygen", "--out", file});
  REQUIRE_MESSAGE(made.status == 0, made.errors);
  id = made.out.substr(0, made.out.size() - 1);
}

std::string tool_key::advertise(const std::string& address) const {
  auto path = file + ".advert";
  auto made =
    run_tool({"advert", "--key", file, "--address", address, "--out", path});
  REQUIRE_MESSAGE(made.status == 0, made.errors);
  return path;
}

std::uint16_t port_of(const std::string& address) {
  return static_cast<std::uint16_t>(
    std::stoi(address.substr(address.rfind(':') + 1)));
}

tool_node::tool_node(const tool_key& key,
                     const std::vector<std::string>& options)
  : key_{key}, process_{run_command(key, options)} {
  address_ = await("listening")["address"];
  advert_ = key.advertise(address_);
}

std::uint16_t tool_node::port() const {
  return port_of(address_);
}

json tool_node::await(std::string_view kind, const json& fields) {
  auto matches = [&](const json& event) {
    auto result = event["event"] == kind;
    for (const auto& [key, value] : fields.items())
      result = result && event.contains(key) && event[key] == value;
    return result;
  };
  auto found = std::find_if(untaken_.begin(), untaken_.end(), matches);
  if (found != untaken_.end()) {
    auto event = std::move(*found);
    untaken_.erase(found);
    return event;
  }
  for (;;) {
    auto line = process_.next_line();
    if (!line)
      FAIL("a node has ended: ", process_.errors());
    REQUIRE_MESSAGE(is_documented(*line), *line);
    auto event = json::parse(*line);
    if (matches(event))
      return event;
    untaken_.push_back(std::move(event));
  }
}

void tool_node::send(const tool_node& to, std::string_view engine,
                     std::string_view text) {
  std::string line{"send "};
  line.append(to.id()).append(" ").append(engine).append(" ").append(text);
  process_.write(line + "\n");
}

std::vector<json> tool_node::stop(int signal) {
  process_.signal(signal);
  auto events = std::move(untaken_);
  while (auto line = process_.next_line()) {
    REQUIRE_MESSAGE(is_documented(*line), *line);
    events.push_back(json::parse(*line));
  }
  CHECK_MESSAGE(process_.wait() == 0, process_.errors());
  return events;
}

std::size_t count_descriptors(pid_t pid) {
  auto folder = "/proc/" + std::to_string(pid) + "/fd";
  return static_cast<std::size_t>(
    std::distance(std::filesystem::directory_iterator{folder}, {}));
}

std::size_t peak_memory(pid_t pid) {
  std::ifstream status{"/proc/" + std::to_string(pid) + "/status"};
  for (std::string word; status >> word;) {
    if (word == "VmHWM:") {
      std::size_t result = 0;
      status >> result;
      return result;
    }
  }
  return 0;
}

} // namespace node_proxy::testing
