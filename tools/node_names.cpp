#include "node_names.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <utility>

#include <node_proxy/actors/disk/small_file.hpp>
#include <node_proxy/base/hex.hpp>
#include <node_proxy/base/visible.hpp>

#include "options.hpp"

namespace node_proxy::tools {

namespace {

constexpr std::size_t longest_name = 64;
constexpr std::size_t id_digits = 64;
constexpr std::size_t max_candidates = 8;

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= longest_name
         && text.find_first_of(" =") == std::string_view::npos
         && internal::make_visible(text) == text;
}

bool is_hexadecimal(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Of the file of a user. There are fewer names than somebody would type.
constexpr std::size_t max_file = 256 * 1024;

std::string_view without_blanks(std::string_view text) {
  constexpr auto blanks = " \t\r";
  auto first = std::min(text.find_first_not_of(blanks), text.size());
  return text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

tl::expected<std::vector<node_name>, std::string>
read_names(std::string_view text, const std::string& path) {
  std::vector<node_name> result;
  for (std::size_t number = 1; !text.empty(); ++number) {
    auto end = std::min(text.find('\n'), text.size());
    auto line = without_blanks(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#')
      continue;
    auto name = parse_node_name(line);
    if (!name)
      return tl::unexpected{path + ":" + std::to_string(number) + ": "
                            + name.error()};
    result.push_back(std::move(*name));
  }
  return result;
}

std::string in_lower_case(std::string_view text) {
  std::string result{text};
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

} // namespace

tl::expected<node_name, std::string> parse_node_name(std::string_view text) {
  auto equals = text.find('=');
  auto name = text.substr(0, equals);
  if (equals == std::string_view::npos || !is_name(name))
    return tl::unexpected{
      "'" + std::string{text}
      + "' is no name for a node: expected NAME=NODE_ID, with a name of 1 to "
        "64 octets of visible text without blanks"};
  auto id = parse_node_id(text.substr(equals + 1));
  if (!id)
    return tl::unexpected{id.error()};
  return node_name{std::string{name}, *id};
}

std::string path_of_names() {
  constexpr auto rest = "/node-proxy/names";
  // As the XDG Base Directory Specification has it, it counts if it is
  // absolute.
  if (const auto* config = std::getenv("XDG_CONFIG_HOME");
      config != nullptr && config[0] == '/')
    return std::string{config} + rest;
  const auto* home = std::getenv("HOME");
  return home != nullptr && *home != '\0'
           ? std::string{home} + "/.config" + rest
           : std::string{};
}

tl::expected<void, std::string>
add_names_of_user(std::vector<node_name>& names) {
  auto path = path_of_names();
  if (path.empty())
    return {};
  std::vector<std::byte> buffer(max_file);
  auto size = internal::read_file({"file of names", path},
                                  internal::file_access::guarded, buffer);
  if (!size && size.error().code == file_errc::not_found)
    return {};
  if (!size)
    return tl::unexpected{size.error().text};
  auto known = read_names(as_text(bytes_view{buffer}.first(*size)), path);
  if (!known)
    return tl::unexpected{known.error()};
  names.insert(names.begin(), known->begin(), known->end());
  return {};
}

node_names::node_names(const std::vector<node_name>& names) {
  for (const auto& [name, id] : names)
    names_[to_hex(id.data)] = name;
}

std::string_view node_names::name_of(const std::string& id) const {
  auto known = names_.find(id);
  return known != names_.end() ? std::string_view{known->second}
                               : std::string_view{};
}

tl::expected<std::string, std::string>
node_names::find(std::string_view text,
                 const std::vector<std::string>& known) const {
  std::vector<std::string> found;
  for (const auto& [id, name] : names_)
    if (name == text)
      found.push_back(id);
  auto beginning = in_lower_case(text);
  auto may_be_id = !text.empty() && is_hexadecimal(beginning);
  if (found.empty() && may_be_id && text.size() == id_digits)
    return beginning;
  if (found.empty() && may_be_id)
    for (const auto& id : known)
      if (id.starts_with(beginning))
        found.push_back(id);
  if (found.size() == 1)
    return found.front();
  std::string error{"'"};
  error.append(text).append("' ");
  if (found.empty())
    return tl::unexpected{error
                          + "is no known node: expected a node id, the "
                            "beginning of one that `status` shows, or a name "
                            "that --name or the file of names gives"};
  error += "may be any of " + std::to_string(found.size()) + " nodes:";
  for (std::size_t i = 0; i < std::min(found.size(), max_candidates); ++i)
    error += (i > 0 ? ", " : " ") + found[i];
  if (found.size() > max_candidates)
    error += ", ...";
  return tl::unexpected{error};
}

} // namespace node_proxy::tools
