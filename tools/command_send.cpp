// node-proxy send: sends messages to an engine of another node.

#include <chrono>
#include <cmath>
#include <cstring>
#include <deque>
#include <map>
#include <memory>

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/disk/small_file.hpp>
#include <node_proxy/actors/key_file.hpp>
#include <node_proxy/actors/node.hpp>
#include <node_proxy/actors/proxy/outcome.hpp>
#include <node_proxy/messages/limits.hpp>

#include "command.hpp"
#include "engine_option.hpp"
#include "json_lines.hpp"
#include "message_source.hpp"
#include "peer_file.hpp"
#include "peer_trouble.hpp"
#include "send_progress.hpp"
#include "stop_signals.hpp"

namespace node_proxy::tools {

using internal::send_request;

namespace {

struct send_options {
  std::string key;
  std::string peer;
  engine_name to;
  std::uint64_t expiry = 60;
  std::string file;
  message_options messages;
};

/// Errors: a sentence.
tl::expected<bytes, std::string> read_message(const std::string& path) {
  bytes result(peer_settings{}.max_message + std::size_t{1});
  auto size =
    internal::read_file({"file", path}, internal::file_access::any, result);
  if (!size)
    return tl::unexpected{size.error().text};
  result.resize(*size);
  return result;
}

/// What became of the messages.
struct summary {
  std::uint64_t sent = 0;
  std::uint64_t acknowledged = 0;
  /// How many failed, by error.
  std::map<std::string, std::uint64_t> failures;
};

/// Sends messages in batches, of which some are on their way at a time: enough
/// to keep the connection busy, and no more, whatever is to be sent.
class sender {
public:
  sender(caf::actor_system& system, const router_actor& router,
         const node_id& to, const send_options& options)
    : self_{system}, router_{router}, to_{to}, options_{options},
      progress_{terminal(), send_progress::clock::now()} {}

  [[nodiscard]] summary send_all(message_source& source);

private:
  static constexpr std::size_t batch_messages = 512;
  static constexpr std::size_t batch_bytes = 512u << 10;
  static constexpr std::size_t max_batches = 16;
  static constexpr std::size_t max_bytes = 32u << 20;

  struct open_batch {
    std::size_t bytes = 0;
    /// Waits for the outcome.
    std::function<void()> finish;
  };

  static std::function<void(std::string_view)> terminal();
  void send(node_out_batch batch, std::size_t bytes);
  void finish_first();
  void show_progress();
  [[nodiscard]] node_out_msg make_msg(bytes payload) const;

  caf::scoped_actor self_;
  router_actor router_;
  node_id to_;
  const send_options& options_;
  summary summary_;
  std::uint64_t finished_bytes_ = 0;
  send_progress progress_;
  std::deque<open_batch> open_;
  std::size_t open_bytes_ = 0;
};

summary sender::send_all(message_source& source) {
  while (!source.ended()) {
    node_out_batch batch;
    std::size_t bytes = 0;
    while (batch.msgs.size() < batch_messages && bytes < batch_bytes) {
      // What is there is not kept waiting for what may come.
      auto payload = source.poll_message(batch.msgs.empty());
      if (!payload)
        break;
      bytes += payload->size();
      batch.msgs.push_back(make_msg(std::move(*payload)));
    }
    if (!batch.msgs.empty())
      send(std::move(batch), bytes);
  }
  while (!open_.empty())
    finish_first();
  progress_.handle_end();
  return summary_;
}

/// Writes to standard error, if that is one.
std::function<void(std::string_view)> sender::terminal() {
  if (::isatty(STDERR_FILENO) != 1)
    return {};
  // What cannot be shown is left out.
  return [](std::string_view text) {
    static_cast<void>(!::write(STDERR_FILENO, text.data(), text.size()));
  };
}

void sender::send(node_out_batch batch, std::size_t bytes) {
  while (open_.size() == max_batches
         || (!open_.empty() && open_bytes_ + bytes > max_bytes))
    finish_first();
  auto size = batch.msgs.size();
  summary_.sent += size;
  // Each message has its outcome when it expires, if not before.
  std::chrono::seconds timeout{options_.expiry + 30};
  // The handle cannot be copied in CAF 1.x, which a function must be.
  auto shared = []<class T>(T handle) {
    return std::make_shared<T>(std::move(handle));
  };
  auto request =
    shared(send_request(&*self_, router_, timeout, std::move(batch)));
  auto finish = [this, size, request] {
    std::move(*request).receive(
      [&](const batch_outcome& outcome) {
        summary_.acknowledged += outcome.delivered;
        for (const auto& failure : outcome.failures)
          ++summary_.failures[describe(
            internal::to_error({failure.error, failure.cause}))];
      },
      [&](const caf::error& error) {
        // The Router may have ended before it could say so itself.
        auto ended = error == caf::sec::request_receiver_down;
        summary_.failures[ended ? "shutting_down" : describe(error)] += size;
      });
  };
  open_.push_back({bytes, finish});
  open_bytes_ += bytes;
}

void sender::finish_first() {
  open_.front().finish();
  open_bytes_ -= open_.front().bytes;
  finished_bytes_ += open_.front().bytes;
  open_.pop_front();
  show_progress();
}

void sender::show_progress() {
  std::uint64_t failed = 0;
  for (const auto& [error, count] : summary_.failures)
    failed += count;
  progress_.handle_amount(
    {summary_.sent, summary_.acknowledged, failed, finished_bytes_},
    send_progress::clock::now());
}

node_out_msg sender::make_msg(bytes payload) const {
  node_out_msg result;
  result.expiry = rel_time{options_.expiry};
  // Nobody can answer: this engine has no mailbox.
  result.msg.sender.name = "send";
  result.msg.target = {to_, options_.to};
  result.msg.msg = std::move(payload);
  return result;
}

/// @param trouble what keeps the peer from being connected, if anything.
int report(const summary& done, const std::string& trouble, double seconds,
           int stop) {
  for (const auto& [error, count] : done.failures)
    static_cast<void>(
      fail(std::to_string(count) + " not acknowledged: " + error
           + (trouble.empty() ? "" : "; the peer is not reached: " + trouble)));
  json line;
  line["sent"] = done.sent;
  line["acknowledged"] = done.acknowledged;
  line["failed"] = done.sent - done.acknowledged;
  line["seconds"] = std::round(seconds * 1e3) / 1e3;
  auto printed = print_line(line.dump(), stop);
  return done.sent == done.acknowledged ? printed : exit_error;
}

int send_from(caf::actor_system& system, const send_options& options,
              message_options messages, node_config config,
              stop_signals& signals) {
  auto to = config.adverts.front().id;
  peer_trouble trouble{system, to};
  config.observer = trouble.observer();
  auto start = std::chrono::steady_clock::now();
  auto local = spawn_node(system, std::move(config));
  if (!local)
    return fail(describe(local.error()));
  message_source source{std::move(messages), signals.fd()};
  auto router = local->router();
  // Then what is under way gets its outcome, and the summary tells it.
  signals.set_handler([&] { local->shutdown(); });
  auto done = sender{system, router, to, options}.send_all(source);
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  signals.set_handler({});
  local->shutdown();
  auto status = report(done, trouble.text(), took.count(), signals.fd());
  if (source.failed())
    return fail("a line of standard input is too long; it and what came after "
                "it was not sent");
  if (auto error = source.input_error())
    return fail(std::string{"standard input cannot be read: "}
                + std::strerror(error));
  return status;
}

int send(const send_options& options) {
  auto self = load_identity(options.key);
  if (!self)
    return fail(self.error().text);
  auto peer = load_peer(options.peer, self->id());
  if (!peer)
    return fail(peer.error().text);
  auto messages = options.messages;
  if (!options.file.empty()) {
    auto content = read_message(options.file);
    if (!content)
      return fail(content.error());
    messages.content = std::move(*content);
  }
  node_config config;
  config.logger = spdlog::default_logger();
  config.self = std::make_shared<identity>(std::move(*self));
  config.adverts.push_back(std::move(*peer));
  stop_signals signals;
  caf::actor_system_config system_config;
  init(system_config);
  use_sharing_scheduler(system_config);
  caf::actor_system system{system_config};
  return send_from(system, options, std::move(messages), std::move(config),
                   signals);
}

void add_message_options(CLI::App& sub, message_options& options,
                         std::string& file) {
  auto* count =
    sub
      .add_option("--count", options.count,
                  "Send TEXT so many times; {n} in it becomes 0, 1, ...")
      ->check(whole_number(1, std::uint64_t{1} << 40))
      ->capture_default_str()
      ->type_name("N");
  auto* size = sub
                 .add_option("--size", options.size,
                             "Fill up shorter messages with dots to this size")
                 ->check(whole_number(0, peer_settings{}.max_message))
                 ->type_name("BYTES");
  auto* text =
    sub
      .add_option("TEXT", options.text,
                  "The message, empty if it is left out; '-' for a message for "
                  "each line of standard input")
      ->type_name("");
  sub.add_option("--file", file, "Send the octets of this file as one message")
    ->check(CLI::ExistingFile)
    ->excludes(count)
    ->excludes(size)
    ->excludes(text)
    ->type_name("FILE");
  sub.callback([&options, count] {
    if (options.text == "-" && count->count() > 0)
      throw CLI::ValidationError{"--count", "does not go together with '-'"};
  });
}

} // namespace

command add_send(CLI::App& app) {
  auto* sub = app.add_subcommand(
    "send", "Send messages to an engine of another node, wait until it has "
            "taken all of them, and print a summary as JSON");
  auto options = std::make_shared<send_options>();
  sub->add_option("--key", options->key, "Key file of the sending node")
    ->required()
    ->type_name("FILE");
  sub->add_option("--peer", options->peer, "Advert file of the receiving node")
    ->required()
    ->type_name("FILE");
  auto engine_check = [](const std::string& name) -> std::string {
    if (is_engine_name(name))
      return {};
    return "'" + name + "' is no engine name: expected 1 to 255 bytes of UTF-8";
  };
  sub->add_option("--to", options->to, "The engine that gets the messages")
    ->required()
    ->check(engine_check)
    ->type_name("ENGINE");
  sub
    ->add_option("--expiry", options->expiry,
                 "How long to try to deliver a message")
    ->check(whole_number(1, limits::expiry_seconds))
    ->capture_default_str()
    ->type_name("SECONDS");
  add_message_options(*sub, options->messages, options->file);
  return {sub, [options] {
            return send(*options);
          }};
}

} // namespace node_proxy::tools
