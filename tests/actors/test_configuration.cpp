// Settings of nodes from CAF's command line and configuration files, and what
// the documents say about them.

#include <fstream>
#include <set>
#include <sstream>

#include <node_proxy/actors/configuration.hpp>
#include <node_proxy/actors/setting.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

#include "node_fixture.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

/// The configuration of a program that was started with these arguments.
struct parsed_config : node_system_config {
  explicit parsed_config(std::vector<std::string> arguments,
                         const std::string& file = {}) {
    std::istringstream in{file};
    error = parse(std::move(arguments), in);
  }

  caf::error error;
};

/// What a node is made from if the program was started like that.
caf::expected<node_config> with(std::vector<std::string> arguments) {
  parsed_config config{std::move(arguments)};
  REQUIRE_MESSAGE(!config.error, describe(config.error));
  return configured({}, config);
}

/// Why a value of an option is refused.
template <class T>
std::string refusal_of(const std::string& option, T value) {
  node_system_config config;
  // CAF would refuse other types itself.
  caf::put(config.content, "node-proxy." + option, value);
  auto result = configured({}, config);
  REQUIRE_FALSE(result);
  CHECK(code_of(result.error()) == errc::bad_config);
  return context_of(result.error());
}

/// An allowed value that is not the default.
setting::number other_value(const setting& x) {
  auto present = x.get({});
  return x.allows(present + 1) ? present + 1 : present - 1;
}

std::string default_of(const setting& x) {
  return x.is_number() ? to_text(x.unit, x.get({})) : "none";
}

std::string unit_of(const setting& x) {
  switch (x.unit) {
  case setting_unit::count:
    return "number";
  case setting_unit::bytes:
    return "bytes";
  case setting_unit::time:
    return "time";
  default:
    return "text";
  case setting_unit::flag:
    return "flag";
  }
}

/// Its line in the documents.
std::string line_of(const setting& x) {
  std::string result;
  for (const auto& column :
       {"`" + std::string{x.name} + "`", "`" + std::string{x.field} + "`",
        std::string{x.description}, unit_of(x), default_of(x),
        expected_text(x)})
    result += "| " + column + ' ';
  return result + '|';
}

} // namespace

TEST_CASE("each option sets its field, and no other") {
  std::set<std::string_view> names;
  for (const auto& x : all_settings()) {
    CHECK(names.insert(x.name).second);
    if (!x.is_number())
      continue;
    INFO(x.name);
    node_system_config config;
    auto name = "node-proxy." + std::string{x.name};
    auto value = other_value(x);
    if (x.unit == setting_unit::flag)
      config.set(name, value != 0);
    else if (x.unit == setting_unit::time)
      config.set(name, caf::timespan{value});
    else
      config.set(name, value);
    auto result = configured({}, config);
    REQUIRE_MESSAGE(result, reason(result));
    for (const auto& y : all_settings())
      if (y.is_number())
        CHECK(y.get(*result) == (&x == &y ? value : y.get({})));
  }
}

TEST_CASE("options come from the command line") {
  auto result =
    with({"--node-proxy.listen=tcp://127.0.0.1:4000, tcp://[::1]:4001",
          "--node-proxy.advertised=tcp://192.0.2.1:4000",
          "--node-proxy.dial-ranges=10.0.0.0/8,fd00::/8",
          "--node-proxy.state=/var/lib/x", "--node-proxy.idle-timeout=90s",
          "--node-proxy.max-message=1048576", "--node-proxy.chacha-only"});
  REQUIRE_MESSAGE(result, reason(result));
  REQUIRE(result->listen.size() == 2);
  CHECK(to_string(result->listen[0]) == "tcp://127.0.0.1:4000");
  CHECK(to_string(result->listen[1]) == "tcp://[::1]:4001");
  REQUIRE(result->advertised.size() == 1);
  CHECK(to_string(result->advertised[0].address) == "tcp://192.0.2.1:4000");
  CHECK(result->settings.dial_ranges.size() == 2);
  CHECK(result->state == "/var/lib/x");
  CHECK(result->settings.idle_timeout == 90s);
  CHECK(result->settings.max_message == 1'048'576);
  CHECK_FALSE(result->use_aes);
}

TEST_CASE("options come from a file, and the command line is stronger") {
#if CAF_MAJOR_VERSION >= 1
  auto file = "node-proxy { max-peers = 7, idle-timeout = 5s }";
#else
  auto file = "[node-proxy]\nmax-peers=7\nidle-timeout=5s\n";
#endif
  parsed_config config{{"--node-proxy.max-peers=8"}, file};
  REQUIRE_MESSAGE(!config.error, describe(config.error));
  node_config base;
  base.max_dials = 3;
  auto result = configured(base, config);
  REQUIRE_MESSAGE(result, reason(result));
  CHECK(result->max_peers == 8);
  CHECK(result->settings.idle_timeout == 5s);
  CHECK(result->max_dials == 3);
}

TEST_CASE("what is of another kind is refused wherever it comes from") {
  auto in_file = [](const std::string& line) {
#if CAF_MAJOR_VERSION >= 1
    parsed_config config{{}, "node-proxy { " + line + " }"};
#else
    parsed_config config{{}, "[node-proxy]\n" + line + '\n'};
#endif
    REQUIRE_MESSAGE(!config.error, describe(config.error));
    auto result = configured({}, config);
    REQUIRE_FALSE_MESSAGE(result, line);
    return context_of(result.error());
  };
  CHECK(in_file("max-peers=7.5").ends_with("expected a number, 0 or more"));
  CHECK(in_file("max-peers=true")
        == "node-proxy.max-peers is true; expected a number, 0 or more");
  CHECK(in_file("idle-timeout=7")
          .ends_with("expected a time with its unit, 1 ms to 720 h"));
  CHECK(in_file("chacha-only=1").ends_with("expected true or false"));
  CHECK(in_file("listen=7").ends_with("with commas between them"));
  parsed_config typed{{"--node-proxy.max-peers=many"}};
  REQUIRE_MESSAGE(!typed.error, describe(typed.error));
  auto result = configured({}, typed);
  REQUIRE_FALSE(result);
  CHECK(context_of(result.error()).ends_with("expected a number, 0 or more"));
  parsed_config group{{}, "node-proxy=5\n"};
  result = configured({}, group);
  REQUIRE_FALSE(result);
  CHECK(code_of(result.error()) == errc::bad_config);
}

TEST_CASE("what cannot be is refused by its name") {
  CHECK(refusal_of("max-dials", std::int64_t{0})
        == "node-proxy.max-dials is 0; expected 1 or more");
  CHECK(refusal_of("event-loops", std::int64_t{65})
        == "node-proxy.event-loops is 65; expected 0 to 64");
  CHECK(refusal_of("max-peers", std::int64_t{-1})
        == "node-proxy.max-peers is -1; expected 0 or more");
  CHECK(refusal_of("busy-poll", caf::timespan{1s})
        == "node-proxy.busy-poll is 1 s; expected 0 s to 100 ms");
  CHECK(refusal_of("idle-timeout", std::int64_t{60})
        == "node-proxy.idle-timeout is 60; expected a time with its unit, 1 ms "
           "to 720 h");
  CHECK(
    refusal_of("listen", "here")
      .ends_with("expected tcp://IP:PORT, several with commas between them"));
  CHECK(refusal_of("dial-ranges", "10.0.0.0/33")
          .ends_with("expected IP/BITS, several with commas between them"));
  CHECK(refusal_of("chacha-only", std::int64_t{1})
          .ends_with("expected true or false"));
  CHECK(refusal_of("max-pears", std::int64_t{1})
        == "node-proxy.max-pears: there is no such option");
}

TEST_CASE("a node is not made from what cannot be") {
  node_system_config config;
  caf::actor_system system{config};
  auto why = [&system](auto change) {
    auto wrong = local_config();
    change(wrong);
    auto result = spawn_node(system, std::move(wrong));
    REQUIRE_FALSE(result);
    CHECK(code_of(result.error()) == errc::bad_config);
    return context_of(result.error());
  };
  CHECK(why([](node_config& x) { x.max_dials = 0; })
        == "node_config::max_dials is 0; expected 1 or more");
  CHECK(why([](node_config& x) { x.settings.idle_timeout = -1s; })
        == "peer_settings::idle_timeout is -1 s; expected 1 ms to 720 h");
  CHECK(why([](node_config& x) {
          x.settings.channel_window = 1'024;
        }).starts_with("peer_settings::channel_window is 1 KiB; expected"));
}

TEST_CASE("the table in the documents is that of the program") {
  std::ifstream document{std::string{TEST_DATA_DIR}
                         + "/../docs/CONFIGURATION.md"};
  std::vector<std::string> lines;
  for (std::string line; std::getline(document, line);)
    if (line.starts_with("| `"))
      lines.push_back(line);
  std::vector<std::string> expected_lines;
  for (const auto& x : all_settings())
    expected_lines.push_back(line_of(x));
  for (const auto& line : expected_lines)
    CHECK_MESSAGE(std::ranges::find(lines, line) != lines.end(), line);
  CHECK(lines.size() == expected_lines.size());
}
