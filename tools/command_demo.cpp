// node-proxy demo: what a node does, to see and to check.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include <sodium/crypto_hash_sha256.h>
#include <sodium/randombytes.h>
#include <spdlog/fmt/fmt.h>

#include <node_proxy/actors/key_file.hpp>
#include <node_proxy/base/hex.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

#include "command.hpp"
#include "demo_node.hpp"
#include "demo_relay.hpp"
#include "demo_stream.hpp"
#include "stop_signals.hpp"

namespace node_proxy::tools {

namespace {

/// An empty folder that only this user can look into. Removed at the end.
class private_folder {
public:
  private_folder() {
    auto path =
      (std::filesystem::temp_directory_path() / "node-proxy-demo-XXXXXX")
        .string();
    if (::mkdtemp(path.data()) == nullptr)
      throw demo_failed{"no temporary folder can be made"};
    path_ = path;
  }

  private_folder(const private_folder&) = delete;
  private_folder& operator=(const private_folder&) = delete;

  ~private_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] std::string operator/(std::string_view name) const {
    return (path_ / name).string();
  }

private:
  std::filesystem::path path_;
};

template <class... Ts>
void say(fmt::format_string<const Ts&...> format, const Ts&... values) {
  fmt::print(format, values...);
  std::fflush(stdout);
}

std::string sha256(std::string_view text) {
  std::array<std::byte, crypto_hash_sha256_BYTES> hash;
  crypto_hash_sha256(reinterpret_cast<unsigned char*>(hash.data()),
                     reinterpret_cast<const unsigned char*>(text.data()),
                     text.size());
  return to_hex(hash);
}

/// Letters and digits that nobody can guess.
std::string random_text(std::size_t size) {
  constexpr std::string_view letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
  std::string result(size, '\0');
  randombytes_buf(result.data(), size);
  for (auto& c : result)
    c = letters[static_cast<unsigned char>(c) % letters.size()];
  return result;
}

/// Somebody in the story.
struct person {
  std::string name;
  std::string key_file;
  std::string id;
};

/// The story, a chapter each. Whatever is not as told throws `demo_failed`.
class demo {
public:
  explicit demo(int stop_fd) : stop_fd_{stop_fd} {}

  void make_keys();
  void start_bob();
  void connect_alice();
  void exchange_messages();
  void survive_cuts();
  void refuse_mallory();
  void say_goodbye();

private:
  static constexpr std::string_view engine = "inbox";
  static constexpr std::size_t large = 8u << 20;
  /// Messages of the stream before, between and after the cuts.
  static constexpr int part = 100;

  person make_person(std::string name);
  std::vector<std::string> options_for(const person& who) const;
  void send_text(demo_node& from, const person& sender, demo_node& to,
                 const person& receiver, std::string_view text,
                 std::string_view description);
  void send_all(demo_node& from, const person& sender, demo_node& to,
                const person& receiver);
  void send_while_cut(demo_stream& stream);

  int stop_fd_;
  private_folder folder_;
  person alice_;
  person bob_;
  person mallory_;
  demo_relay relay_;
  std::optional<demo_node> alice_node_;
  std::optional<demo_node> bob_node_;
};

std::uint16_t port_of(std::string_view address) {
  auto parsed = parse_address(address);
  const auto* tcp = parsed ? std::get_if<tcp_addr>(&*parsed) : nullptr;
  if (tcp == nullptr)
    throw demo_failed{"'" + std::string{address} + "' is no address of TCP"};
  return tcp->port;
}

person demo::make_person(std::string name) {
  auto self = make_identity();
  auto key_file = folder_ / (name + ".key");
  if (auto saved = save_identity(key_file, self); !saved)
    throw demo_failed{saved.error().text};
  auto id = to_hex(self.id().data);
  say("   {:7} is {}\n", name, id);
  return {std::move(name), std::move(key_file), std::move(id)};
}

void demo::make_keys() {
  say("1. Everybody gets a key pair. The public key is the name of their node, "
      "the node id.\n");
  alice_ = make_person("Alice");
  bob_ = make_person("Bob");
  mallory_ = make_person("Mallory");
}

std::vector<std::string> demo::options_for(const person& who) const {
  return {"--key",    who.key_file,
          "--listen", "tcp://127.0.0.1:0",
          "--engine", std::string{engine} + "=print"};
}

void demo::start_bob() {
  auto reached_at = "tcp://127.0.0.1:" + std::to_string(relay_.port());
  auto options = options_for(bob_);
  options.insert(options.end(),
                 {"--advertise", reached_at, "--deny", mallory_.id});
  bob_node_.emplace("Bob", options, stop_fd_);
  auto listening =
    bob_node_->await("listening", [](const json&) { return true; });
  auto address = listening.value("address", "");
  relay_.pass_on_to(port_of(address));
  say("\n2. Bob's node runs as a process of its own. It accepts connections at "
      "{}\n   and has an engine called '{}' that takes messages. A relay at {}"
      "\n   passes on to him whatever comes: it stands for the network.\n",
      address, engine, reached_at);
  child_process advert{{"node-proxy", "advert", "--key", bob_.key_file,
                        "--address", reached_at, "--out", folder_ / "bob"}};
  if (advert.wait() != 0)
    throw demo_failed{"the advert of Bob was not written"};
  say("   He signs an advert, which says that he can be reached at the relay, "
      "and gives it to\n   Alice.\n");
}

void demo::connect_alice() {
  auto options = options_for(alice_);
  options.insert(options.end(), {"--peer", folder_ / "bob", "--permanent"});
  alice_node_.emplace("Alice", options, stop_fd_);
  auto connected = alice_node_->await_about("connected", bob_.id);
  bob_node_->await_about("connected", alice_.id);
  say("\n3. Alice's node, another process, connects to that address. Both have "
      "proven who\n   they are, and speak protocol version {}. From here on "
      "everything is encrypted.\n",
      connected["proto_ver"].dump());
  auto learned = bob_node_->await_about("advert", alice_.id);
  say("   Alice has sent her own advert to Bob, version {}: now he could call "
      "her, too.\n",
      learned["version"].dump());
}

/// Sends one message and checks that it arrives as it was, from whom it was,
/// and that the sender is told so.
void demo::send_text(demo_node& from, const person& sender, demo_node& to,
                     const person& receiver, std::string_view text,
                     std::string_view description) {
  auto id = from.send(receiver.id, engine, text);
  auto received = to.await("received", [](const json&) { return true; });
  auto arrived = received.value("text", std::string{"?"});
  if (received.value("from", "") != sender.id
      || received.value("engine", "") != engine
      || sha256(arrived) != sha256(text))
    throw demo_failed{receiver.name + " got something else than " + sender.name
                      + " sent"};
  from.await("delivered",
             [id](const json& event) { return event.value("id", 0) == id; });
  say("   {:5} -> {:5}  {}\n", sender.name, receiver.name, description);
}

void demo::send_all(demo_node& from, const person& sender, demo_node& to,
                    const person& receiver) {
  auto hello = "Hello " + receiver.name + ", this is " + sender.name + ".";
  send_text(from, sender, to, receiver, hello,
            "\"" + hello + "\" arrived and was acknowledged.");
  send_text(from, sender, to, receiver, "",
            "An empty message arrived and was acknowledged.");
  auto text = random_text(large);
  send_text(from, sender, to, receiver, text,
            "8 MiB of random text arrived with the same SHA-256,\n"
            "                   "
              + sha256(text) + ".");
}

void demo::exchange_messages() {
  say("\n4. They send messages to each other over this one connection.\n");
  send_all(*alice_node_, alice_, *bob_node_, bob_);
  send_all(*bob_node_, bob_, *alice_node_, alice_);
}

/// Sends a part of a stream, in the middle of which all connections are cut.
void demo::send_while_cut(demo_stream& stream) {
  relay_.cut_after(part * demo_stream::message_size / 2);
  stream.send(part);
  auto lost = alice_node_->await_about("disconnected", bob_.id);
  alice_node_->await_about("connected", bob_.id);
  auto resumed = alice_node_->await_about("resumed", bob_.id);
  stream.await_arrival();
  say("   Cut: Alice is disconnected ('{}'), connects again, and sends what "
      "was lost\n        again (resent: {}). Now Bob has all messages up to "
      "{}.\n",
      lost.value("reason", ""), resumed["resent"].dump(), stream.arrived());
}

void demo::survive_cuts() {
  demo_stream stream{*alice_node_, *bob_node_, bob_.id, engine};
  say(
    "\n5. Alice sends Bob {} numbered messages. Twice, while some are on their "
    "way, the\n   network fails: the relay cuts the connection, and what is "
    "under way is lost.\n",
    3 * part);
  stream.send(part);
  stream.await_arrival();
  send_while_cut(stream);
  send_while_cut(stream);
  stream.await_delivery();
  say("   All {} arrived, in order and once each, and each was acknowledged.\n",
      stream.arrived());
}

void demo::refuse_mallory() {
  auto options = options_for(mallory_);
  options.insert(options.end(), {"--peer", folder_ / "bob"});
  demo_node node{"Mallory", options, stop_fd_};
  node.await("listening", [](const json&) { return true; });
  auto id = node.send(bob_.id, engine, "Hello Bob, this is Alice.");
  auto refused = node.await_about("refused", bob_.id);
  auto failed = node.await(
    "failed", [id](const json& event) { return event.value("id", 0) == id; });
  auto reason = refused.value("reason", "");
  if (reason != "denied" || failed.value("error", "") != "denied")
    throw demo_failed{"Mallory was not refused as denied"};
  node.stop();
  say("\n6. Mallory has Bob's advert, too, and calls him. But Bob's policy "
      "names her: she has\n   to prove who she is, and is refused: '{}'. Her "
      "message was not delivered.\n",
      reason);
}

void demo::say_goodbye() {
  alice_node_->stop();
  auto gone = bob_node_->await("disconnected", [this](const json& event) {
    return event.value("node", "") == alice_.id
           && event.value("reason", "") == "shutdown";
  });
  bob_node_->stop();
  // Whatever there should be of these was taken.
  if (bob_node_->has("received") || alice_node_->has("delivered")
      || alice_node_->has("failed"))
    throw demo_failed{"something has arrived or was answered twice"};
  if (bob_node_->met(mallory_.id))
    throw demo_failed{"Mallory has got through to Bob"};
  say("\n7. Alice says goodbye ('{}'), then Bob ends as well. Nothing of "
      "Mallory's has\n   come through to him.\n",
      gone.value("reason", ""));
}

int run_demo() {
  auto start = std::chrono::steady_clock::now();
  stop_signals signals;
  try {
    demo story{signals.fd()};
    story.make_keys();
    story.start_bob();
    story.connect_alice();
    story.exchange_messages();
    story.survive_cuts();
    story.refuse_mallory();
    story.say_goodbye();
  } catch (const std::exception& error) {
    std::printf("\n");
    std::fflush(stdout);
    return fail(std::string{"the demonstration failed: "} + error.what());
  }
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return print_line(
    fmt::format("\nAll of this was checked and is true. It took "
                "{:.1f} seconds.",
                took.count()));
}

} // namespace

command add_demo(CLI::App& app) {
  auto* sub = app.add_subcommand(
    "demo", "Let two nodes talk to each other on this machine, cut their "
            "connection, refuse a third node, and explain it");
  return {sub, run_demo};
}

} // namespace node_proxy::tools
