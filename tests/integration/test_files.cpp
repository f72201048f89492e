// keygen, id, advert, show: what they write, and what they say to bad input.

#include <algorithm>
#include <cctype>
#include <filesystem>

#include <sys/stat.h>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "process.hpp"

using namespace node_proxy::testing;

namespace {

/// Runs a command that has to succeed. Its output without the line end.
std::string output_of(std::vector<std::string> arguments) {
  auto result = run_tool(std::move(arguments));
  REQUIRE_MESSAGE(result.status == 0, result.errors);
  CHECK(result.errors.empty());
  if (!result.out.empty())
    result.out.pop_back();
  return result.out;
}

/// Runs a command that has to fail, with words that contain `expected`.
void check_fails(std::vector<std::string> arguments, int status,
                 std::string_view expected) {
  auto result = run_tool(std::move(arguments));
  INFO(result.errors);
  CHECK(result.status == status);
  CHECK(result.out.empty());
  CHECK(result.errors.find(expected) != std::string::npos);
}

void make_advert(const std::string& key, const std::string& out) {
  output_of({"advert", "--key", key, "--address", "tcp://127.0.0.1:4000",
             "--out", out});
}

std::uint64_t version_of(const std::string& advert) {
  return nlohmann::json::parse(output_of({"show", advert}))["version"];
}

} // namespace

TEST_CASE("keygen prints the id of the key that it writes") {
  temporary_folder folder;
  auto key = folder / "key";
  auto id = output_of({"keygen", "--out", key});
  CHECK(id.size() == 64);
  CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(output_of({"id", key}) == id);
  struct stat info {};
  REQUIRE(::stat(key.c_str(), &info) == 0);
  CHECK((info.st_mode & 07777U) == 0600);
}

TEST_CASE("keygen does not overwrite anything") {
  temporary_folder folder;
  auto key = folder / "key";
  auto id = output_of({"keygen", "--out", key});
  check_fails({"keygen", "--out", key}, 1, key);
  check_fails({"keygen", "--out", key}, 1, "not overwritten");
  CHECK(output_of({"id", key}) == id);
}

TEST_CASE("a key file that is missing, open to others or damaged is refused") {
  temporary_folder folder;
  auto key = folder / "key";
  auto advert = folder / "advert";
  output_of({"keygen", "--out", folder / "other"});
  make_advert(folder / "other", advert);
  auto check_all = [&](std::string_view expected) {
    check_fails({"id", key}, 1, expected);
    check_fails({"advert", "--key", key, "--address", "tcp://127.0.0.1:1",
                 "--out", folder / "new"},
                1, expected);
    check_fails({"run", "--key", key, "--listen", "tcp://127.0.0.1:0"}, 1,
                expected);
    check_fails({"send", "--key", key, "--peer", advert, "--to", "x", "text"},
                1, expected);
  };
  check_all(key);
  output_of({"keygen", "--out", key});
  REQUIRE(::chmod(key.c_str(), 0640) == 0);
  check_all("expected mode 0600");
  write_text(key, "node-proxy key v1\n");
  check_all("damaged");
  write_text(key, "");
  check_all("empty");
  write_text(key, read_text(advert));
  check_all("no key");
}

TEST_CASE("an advert says what it was made from") {
  temporary_folder folder;
  auto key = folder / "key";
  auto advert = folder / "advert";
  auto id = output_of({"keygen", "--out", key});
  output_of({"advert", "--key", key, "--address", "tcp://127.0.0.1:4000",
             "--address", "tcp://[::1]:5000", "--out", advert});
  auto shown = nlohmann::json::parse(output_of({"show", advert}));
  CHECK(shown["id"] == id);
  REQUIRE(shown["addrs"].size() == 2);
  auto first = shown["addrs"][0];
  auto second = shown["addrs"][1];
  CHECK(first["address"]["tcp_addr"]["ip"] == "127.0.0.1");
  CHECK(first["address"]["tcp_addr"]["port"] == 4000);
  CHECK(second["address"]["tcp_addr"]["ip"] == "::1");
  CHECK(first["weight"].get<int>() > second["weight"].get<int>());
}

TEST_CASE("a later advert has a higher version, also in the same second") {
  temporary_folder folder;
  auto key = folder / "key";
  auto advert = folder / "advert";
  output_of({"keygen", "--out", key});
  auto before = static_cast<std::uint64_t>(std::time(nullptr));
  make_advert(key, advert);
  auto version = version_of(advert);
  CHECK(version >= before);
  CHECK(version <= static_cast<std::uint64_t>(std::time(nullptr)));
  for (int i = 0; i < 5; ++i) {
    make_advert(key, advert);
    auto next = version_of(advert);
    CHECK(next > version);
    version = next;
  }
}

TEST_CASE("an advert overwrites only adverts of the same node") {
  temporary_folder folder;
  auto key = folder / "key";
  auto other = folder / "other";
  auto advert = folder / "advert";
  auto id = output_of({"keygen", "--out", key});
  output_of({"keygen", "--out", other});
  std::vector<std::string> command{
    "advert", "--key", other, "--address", "tcp://127.0.0.1:4000", "--out"};
  auto onto = [&](const std::string& path) {
    auto result = command;
    result.push_back(path);
    return result;
  };
  make_advert(key, advert);
  check_fails(onto(advert), 1, "another node");
  check_fails(onto(key), 1, "not overwritten");
  CHECK(output_of({"id", key}) == id);
}

TEST_CASE("a damaged or forged advert is refused") {
  temporary_folder folder;
  auto key = folder / "key";
  auto advert = folder / "advert";
  output_of({"keygen", "--out", key});
  make_advert(key, advert);
  auto good = read_text(advert);
  auto check_all = [&](std::string_view expected) {
    check_fails({"show", advert}, 1, expected);
    check_fails(
      {"run", "--key", key, "--listen", "tcp://127.0.0.1:0", "--peer", advert},
      1, expected);
    check_fails({"send", "--key", key, "--peer", advert, "--to", "x", "text"},
                1, expected);
  };
  write_text(advert, good.substr(0, good.size() - 1));
  check_all("damaged");
  write_text(advert, "not an advert");
  check_all(advert);
  auto forged = good;
  forged.back() = static_cast<char>(forged.back() ^ 1);
  write_text(advert, forged);
  check_all("wrong signature");
  std::filesystem::remove(advert);
  check_all(advert);
}

TEST_CASE("a node's own advert is no peer") {
  temporary_folder folder;
  auto key = folder / "key";
  auto advert = folder / "advert";
  output_of({"keygen", "--out", key});
  make_advert(key, advert);
  check_fails(
    {"run", "--key", key, "--listen", "tcp://127.0.0.1:0", "--peer", advert}, 1,
    "this node itself");
  check_fails({"send", "--key", key, "--peer", advert, "--to", "x", "text"}, 1,
              "this node itself");
}

TEST_CASE("every command explains itself") {
  for (const auto* command :
       {"keygen", "id", "advert", "show", "run", "send", "demo"}) {
    auto result = run_tool({command, "--help"});
    CHECK(result.status == 0);
    CHECK(result.errors.empty());
    CHECK(result.out.find(command) != std::string::npos);
  }
  CHECK(run_tool({"--help"}).status == 0);
}

TEST_CASE("the program tells its version") {
  auto told = output_of({"--version"});
  CHECK(told.starts_with("node-proxy "));
  CHECK(std::isdigit(told.back()));
}

TEST_CASE("wrong usage has an exit status of its own") {
  temporary_folder folder;
  auto key = folder / "key";
  auto advert = folder / "advert";
  output_of({"keygen", "--out", key});
  check_fails({}, 2, "subcommand");
  check_fails({"fly"}, 2, "'fly' is no command: expected one of keygen, id,");
  check_fails({"--fly"}, 2, "'--fly' is no option of all commands");
  check_fails({"stauts", "--control", "x"}, 2, "'stauts' is no command");
  check_fails({"keygen"}, 2, "--out");
  check_fails({"keygen", "--out", folder / "new", "--in"}, 2, "--in");
  check_fails({"id"}, 2, "FILE");
  check_fails({"run"}, 2, "--key");
  check_fails({"run", "--kye", key}, 2,
              "'--kye' is not understood: expected "
              "what `node-proxy run --help` lists");
  check_fails({"status", "all"}, 2, "'all' is not understood");
  std::vector<std::string> run{"run", "--key", key, "--listen",
                               "tcp://127.0.0.1:0"};
  auto with = [](std::vector<std::string> command,
                 std::vector<std::string> more) {
    command.insert(command.end(), more.begin(), more.end());
    return command;
  };
  check_fails(with(run, {"--engine", "x=fly"}), 2, "x=fly");
  check_fails(with(run, {"--engine", "=print"}), 2, "=print");
  check_fails(with(run, {"--allow", "1234"}), 2, "1234");
  check_fails(with(run, {"--deny", std::string(64, '0')}), 2, "valid");
  check_fails(with(run, {"--dial-range", "10.0.0.0/33"}), 2, "10.0.0.0/33");
  check_fails(with(run, {"--dial-range", "10.0.0.1/8"}), 2, "10.0.0.0/8");
  check_fails(with(run, {"--max-peers", "none"}), 2, "--max-peers");
  check_fails(with(run, {"--idle", "0"}), 2, "--idle");
  for (const auto* wrong : {"soon", "1m", "1.5", "0x10", " 5", ""})
    check_fails(with(run, {"--idle", wrong}), 2,
                "--idle: '" + std::string{wrong}
                  + "' is none: expected a whole number from 1 to 86400");
  check_fails(with(run, {"--engine", "x=print", "--engine", "x=count"}), 2,
              "--engine: there are two of the name 'x'");
  check_fails(with(run, {"--outbox-bytes", "-1"}), 2, "--outbox-bytes");
  check_fails(with(run, {"--outbox-bytes", "1023"}), 2, "1023");
  check_fails(with(run, {"--state", ""}), 2, "--state");
  make_advert(key, advert);
  std::vector<std::string> send{"send", "--key", key, "--peer", advert};
  check_fails(with(send, {"text"}), 2, "--to");
  check_fails(with(send, {"--to", "", "text"}), 2, "--to");
  check_fails(with(send, {"--to", "x", "--count", "0", "y"}), 2, "--count");
  check_fails(with(send, {"--to", "x", "--count", "2", "-"}), 2, "--count");
  check_fails(with(send, {"--to", "x", "--expiry", "9999999", "y"}), 2,
              "--expiry");
}

TEST_CASE("a malformed address is told from a good one") {
  temporary_folder folder;
  auto key = folder / "key";
  output_of({"keygen", "--out", key});
  for (const auto* address :
       {"127.0.0.1:1", "tcp://127.0.0.1", "tcp://127.0.0.1:", "tcp://:1",
        "tcp://127.0.0.1:65536", "tcp://local_host:1", "http://127.0.0.1:1",
        "tcp://::1:1", ""}) {
    check_fails({"run", "--key", key, "--listen", address}, 2, "--listen");
    check_fails({"advert", "--key", key, "--address", address, "--out",
                 folder / "advert"},
                2, "--address");
  }
  for (const auto* address : {"tcp://127.0.0.1:0", "tcp://0.0.0.0:1"}) {
    check_fails({"advert", "--key", key, "--address", address, "--out",
                 folder / "advert"},
                2, address);
    check_fails({"run", "--key", key, "--listen", "tcp://127.0.0.1:0",
                 "--advertise", address},
                2, address);
  }
  CHECK(!std::filesystem::exists(folder / "advert"));
}

TEST_CASE("an address is refused with the reason") {
  temporary_folder folder;
  auto key = folder / "key";
  output_of({"keygen", "--out", key});
  auto refused = [&](std::vector<std::string> command,
                     const std::string& address, std::string_view why) {
    command.push_back(address);
    check_fails(command, 2, address);
    check_fails(command, 2, why);
  };
  std::vector<std::string> listen{"run", "--key", key, "--listen"};
  std::vector<std::string> advertise{"run", "--key", key, "--advertise"};
  std::vector<std::string> advert{"advert", "--key",           key,
                                  "--out",  folder / "advert", "--address"};
  refused(listen, "tcp://[fe80::1]:1", "expected the interface");
  refused(listen, "tcp://[fe80::1%none]:1", "no interface 'none'");
  refused(listen, "tcp://[2001:db8::1%lo]:1", "link-local");
  refused(listen, "tcp://[::ffff:127.0.0.1]:1", "IPv4");
  refused(listen, "tcp://224.0.0.1:1", "many hosts");
  for (const auto& command : {advertise, advert}) {
    refused(command, "tcp://[::ffff:0.0.0.0]:1", "any address");
    refused(command, "tcp://[ff02::1]:1", "many hosts");
    refused(command, "tcp://10.0.0.1:0", "port 0");
    refused(command, "tcp://[fe80::1%1]:1", "interface");
  }
}

TEST_CASE("no message offers what the next one refuses") {
  temporary_folder folder;
  auto key = folder / "key";
  output_of({"keygen", "--out", key});
  // Only who connects looks names up.
  for (std::string option : {"--listen", "--advertise"})
    for (std::string address : {"127.0.0.1:1", "udp://127.0.0.1:1"}) {
      auto result = run_tool({"run", "--key", key, option, address});
      INFO(result.errors);
      CHECK(result.status == 2);
      auto form =
        option == "--listen" ? "tcp://IP:PORT\n" : "tcp://HOST:PORT\n";
      CHECK(result.errors.find(std::string{"expected "} + form)
            != std::string::npos);
    }
}

TEST_CASE("an advert has at most 16 addresses") {
  temporary_folder folder;
  auto key = folder / "key";
  output_of({"keygen", "--out", key});
  std::vector<std::string> command{"advert", "--key", key, "--out",
                                   folder / "advert"};
  for (int port = 1; port <= 17; ++port) {
    command.emplace_back("--address");
    command.push_back("tcp://127.0.0.1:" + std::to_string(port));
  }
  check_fails(command, 2, "--address");
}

TEST_CASE("what is repeated to the user cannot control a terminal") {
  std::string hostile = "a\x1b[2J\n\x7f\u009B\u202E";
  std::string shown = "a\\u001b[2J\\u000a\\u007f\\u009b\\u202e";
  check_fails({"id", hostile}, 1, shown);
  check_fails({"show", hostile}, 1, shown);
  check_fails({"id", "k", hostile}, 2, shown);
  for (const auto& command : {std::vector<std::string>{"id", hostile},
                              std::vector<std::string>{"id", "k", hostile}})
    CHECK(run_tool(command).errors.find(hostile) == std::string::npos);
}

TEST_CASE("a key is not taken from where others can replace it") {
  temporary_folder folder;
  auto key = folder / "key";
  output_of({"keygen", "--out", key});
  REQUIRE(::chmod((folder / "").c_str(), 0777) == 0);
  check_fails({"id", key}, 1, "chmod go-w");
  check_fails({"keygen", "--out", folder / "other"}, 1, "chmod go-w");
  // As in /tmp, others cannot replace it there.
  REQUIRE(::chmod((folder / "").c_str(), 01777) == 0);
  output_of({"id", key});
}
