#include "control_client.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include <poll.h>
#include <sys/socket.h>

#include "json.hpp"
#include "line_writer.hpp"
#include "unix_socket.hpp"

namespace node_proxy::tools {

namespace {

using clock = std::chrono::steady_clock;

/// More than any node says, whoever it is that answers.
constexpr std::size_t max_answer = 256u << 20;

/// Everything up to the end; nothing if that does not come in time, or before
/// `stop` is readable.
std::optional<std::string> read_all(int fd, clock::time_point until, int stop) {
  std::string result;
  std::array<char, 65'536> buffer;
  while (result.size() < max_answer) {
    auto left =
      std::chrono::ceil<std::chrono::milliseconds>(until - clock::now());
    pollfd fds[] = {{fd, POLLIN, 0}, {stop, POLLIN, 0}};
    auto ready =
      ::poll(fds, std::size(fds),
             static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready < 0 && errno == EINTR)
      continue;
    if (ready <= 0 || fds[1].revents != 0)
      return std::nullopt;
    auto got = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (got < 0)
      return std::nullopt;
    if (got == 0)
      return result;
    result.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return std::nullopt;
}

} // namespace

std::string control_path(const std::string& named) {
  std::error_code ignored;
  if (std::filesystem::is_directory(named, ignored))
    return (std::filesystem::path{named} / "control").string();
  return named;
}

tl::expected<json, std::string> ask_node(const std::string& path,
                                         std::string_view request, int stop) {
  auto fd = connect_to(path, stop);
  if (!fd)
    return tl::unexpected{fd.error()};
  auto until = clock::now() + control_patience;
  auto line = std::string{request} + '\n';
  std::string_view rest = line;
  if (!write_until(fd->get(), rest, until, stop))
    return tl::unexpected{"control socket " + path
                          + ": the node takes no request"};
  auto text = read_all(fd->get(), until, stop);
  if (!text)
    return tl::unexpected{silence_text(path)};
  auto answer = json::parse(*text, nullptr, false);
  if (!answer.is_object())
    return tl::unexpected{"control socket " + path
                          + ": the answer is not that of a node"};
  if (auto error = answer.find("error");
      error != answer.end() && error->is_string())
    return tl::unexpected{error->get<std::string>()};
  return answer;
}

std::string silence_text(const std::string& path) {
  return "control socket " + path
         + ": the node does not answer; it is stopped or stuck";
}

} // namespace node_proxy::tools
