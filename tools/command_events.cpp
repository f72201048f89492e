// node-proxy events: what happens to a running node.

#include <array>
#include <cerrno>
#include <chrono>
#include <memory>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <node_proxy/base/visible.hpp>

#include "command.hpp"
#include "control_client.hpp"
#include "control_command.hpp"
#include "line_writer.hpp"
#include "stop_signals.hpp"
#include "unix_socket.hpp"

namespace node_proxy::tools {

namespace {

/// More than any event has.
constexpr std::size_t longest_line = 1u << 20;

/// How long the first line may take, for which the node asks nobody.
constexpr std::chrono::milliseconds patience{5'000};

/// Prints an event, with the names that the user has given.
int print_event(const std::string& line, const node_names& names, int stop) {
  auto event = json::parse(line, nullptr, false);
  auto text_at = [&event](const char* key) -> std::string {
    auto at = event.is_object() ? event.find(key) : event.end();
    return at != event.end() && at->is_string() ? at->get<std::string>()
                                                : std::string{};
  };
  if (auto error = text_at("error"); !error.empty())
    return fail(error);
  // That is said first, whether anything happens or not.
  if (event.is_object() && event.contains("following"))
    return exit_ok;
  if (text_at("event").empty())
    return fail("what answers is not a node");
  if (auto name = names.name_of(text_at("node")); !name.empty())
    event["name"] = name;
  return print_line(internal::make_visible(event.dump(
                      -1, ' ', false, json::error_handler_t::replace)),
                    stop);
}

/// Prints each line that comes until a signal does: exit_ok.
int print_lines(int fd, const std::string& path, const node_names& names,
                int stop) {
  std::string text;
  auto timeout = static_cast<int>(patience.count());
  std::array<char, 65'536> buffer;
  for (;;) {
    pollfd fds[] = {{fd, POLLIN, 0}, {stop, POLLIN, 0}, {STDOUT_FILENO, 0, 0}};
    auto ready = ::poll(fds, std::size(fds), timeout);
    if (ready < 0)
      continue;
    if (ready == 0)
      return fail(silence_text(path));
    if (fds[1].revents != 0)
      return exit_ok;
    if (fds[2].revents != 0)
      return fail("nobody reads standard output any more");
    auto got = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return fail("the node has ended, or this was too slow for it");
    timeout = -1;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    for (auto end = text.find('\n'); end != std::string::npos;
         end = text.find('\n')) {
      if (print_event(text.substr(0, end), names, stop) != exit_ok)
        return exit_error;
      text.erase(0, end + 1);
    }
    if (text.size() > longest_line)
      return fail("what answers is not a node");
  }
}

int follow(const control_options& options) {
  stop_signals signals;
  auto path = control_path(options.control);
  auto fd = connect_to(path, signals.fd());
  if (!fd)
    return fail(fd.error());
  std::string_view request = "events\n";
  auto until = std::chrono::steady_clock::now() + control_patience;
  if (!write_until(fd->get(), request, until, signals.fd()))
    return fail("the node takes no request");
  return print_lines(fd->get(), path, node_names{options.names}, signals.fd());
}

} // namespace

command add_events(CLI::App& app) {
  auto* sub = app.add_subcommand(
    "events", "Print the last events of a running node, and those that come, "
              "as JSON lines");
  auto options = std::make_shared<control_options>();
  add_control(*sub, *options);
  add_names(*sub, *options);
  return {sub, [options] {
            if (auto ok = add_names_of_user(options->names); !ok)
              return fail(ok.error());
            return follow(*options);
          }};
}

} // namespace node_proxy::tools
