#include "config_file.hpp"

#include <algorithm>
#include <exception>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include <node_proxy/actors/disk/small_file.hpp>

#include "log_sink.hpp"

namespace node_proxy::tools {

namespace {

// Far more than all options take.
constexpr std::size_t max_config = 1 << 20;

/// One `key = value`.
struct setting {
  std::string key;
  std::vector<std::string> values;
  std::string where; // FILE:LINE: key
};

std::string without_blanks(std::string_view text) {
  auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos)
    return {};
  auto last = text.find_last_not_of(" \t\r");
  return std::string{text.substr(first, last - first + 1)};
}

/// A line without its comment and the blanks around.
std::string content_of(std::string_view line) {
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    auto c = line[i];
    if (quote == 0 && c == '#')
      return without_blanks(line.substr(0, i));
    if (quote == 0 && (c == '"' || c == '\''))
      quote = c;
    else if (c == quote)
      quote = 0;
  }
  return without_blanks(line);
}

/// What `--config` of `run` names.
std::optional<std::string> file_in(std::vector<std::string> arguments) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  auto* run = app.add_subcommand("run");
  run->set_help_flag();
  run->allow_extras();
  std::string result;
  auto* option = run->add_option("--config", result);
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError&) {
    // The real app has a word for it.
    return std::nullopt;
  }
  return option->count() > 0 ? std::optional{result} : std::nullopt;
}

/// Reads what is one setting: a line, or as many as an array has.
tl::expected<setting, std::string> read_setting(const std::string& text,
                                                std::istream& file,
                                                const std::string& path,
                                                std::size_t& line) {
  auto where = path + ":" + std::to_string(line) + ": ";
  auto equals = text.find('=');
  auto key = without_blanks(text.substr(0, equals));
  if (equals == std::string::npos || key.empty() || text.front() == '[')
    return tl::unexpected{where + "expected KEY = VALUE"};
  auto value = without_blanks(text.substr(equals + 1));
  for (std::string more; value.starts_with('[') && !value.ends_with(']')
                         && std::getline(file, more);
       ++line)
    value += content_of(more);
  where += key;
  auto is_open = [](const std::string& x) {
    return x.starts_with('"') || x.starts_with('\'') || x.starts_with('[');
  };
  auto is_empty_array =
    value.starts_with('[') && value.ends_with(']')
    && value.find_first_not_of("[] \t") == std::string::npos;
  if (is_empty_array)
    return setting{std::move(key), {}, std::move(where)};
  std::istringstream one{key + '=' + value};
  std::vector<CLI::ConfigItem> items;
  try {
    // Comments are gone, and strings with a '#' it takes for some.
    if (value.find('#') == std::string::npos)
      items = CLI::ConfigTOML{}.from_config(one);
  } catch (const std::exception&) {
    // So some versions say that there is no item.
  }
  if (items.size() != 1 || items[0].inputs.empty()
      || std::ranges::any_of(items[0].inputs, is_open))
    return tl::unexpected{where
                          + ": the value is not understood: expected a "
                            "number, true, false, a string in quotes "
                            "without '#', or an array of these"};
  return setting{std::move(key), std::move(items[0].inputs), std::move(where)};
}

tl::expected<std::vector<setting>, std::string>
read_file(const std::string& path) {
  bytes content(max_config);
  auto size = internal::read_file({"config file", path},
                                  internal::file_access::guarded, content);
  if (!size)
    return tl::unexpected{size.error().text};
  std::istringstream file{
    std::string{as_text(bytes_view{content}.first(*size))}};
  std::vector<setting> result;
  std::set<std::string> keys;
  std::size_t line = 0;
  for (std::string text; std::getline(file, text);) {
    ++line;
    text = content_of(text);
    if (text.empty())
      continue;
    auto x = read_setting(text, file, path, line);
    if (!x)
      return tl::unexpected{x.error()};
    if (!keys.insert(x->key).second)
      return tl::unexpected{x->where + ": it is there already"};
    result.push_back(std::move(*x));
  }
  return result;
}

/// The option of a setting: one of `run`, or of all commands.
CLI::Option* option_of(CLI::App& app, const std::string& key) {
  for (auto* x : {app.get_subcommand("run"), &app})
    if (auto* option = x->get_option_no_throw("--" + key);
        option && option->get_configurable())
      return option;
  return nullptr;
}

/// A setting as it would stand on the command line.
tl::expected<std::vector<std::string>, std::string>
arguments_of(const setting& x, const CLI::Option& option) {
  auto name = "--" + x.key;
  std::vector<std::string> result;
  if (option.get_items_expected_max() > 0) {
    for (const auto& value : x.values)
      result.insert(result.end(), {name, value});
    return result;
  }
  if (x.values == std::vector<std::string>{"true"})
    return std::vector{name};
  if (x.values == std::vector<std::string>{"false"})
    return result;
  return tl::unexpected{x.where + ": expected true or false"};
}

/// Tries whether a setting is right by itself.
tl::expected<std::vector<std::string>, std::string>
check(const setting& x, const std::function<void(CLI::App&)>& make) {
  CLI::App app;
  make(app);
  auto* option = option_of(app, x.key);
  if (!option)
    return tl::unexpected{x.where + ": there is no such option"};
  auto arguments = arguments_of(x, *option);
  if (!arguments)
    return arguments;
  app.get_subcommand("run")->get_option("--key")->required(false);
  auto line = *arguments;
  line.insert(line.begin(), "run");
  std::reverse(line.begin(), line.end());
  try {
    app.parse(std::move(line));
  } catch (const CLI::ParseError& error) {
    return tl::unexpected{x.where + ": " + error.what()};
  }
  return arguments;
}

} // namespace

bool is_given(const std::vector<std::string>& arguments,
              const std::string& key) {
  auto name = "--" + key;
  return std::ranges::any_of(arguments, [&name](const std::string& x) {
    return x == name || x.starts_with(name + "=");
  });
}

tl::expected<std::vector<std::string>, std::string>
with_config_file(std::vector<std::string> arguments,
                 const std::function<void(CLI::App&)>& make) {
  auto path = file_in(arguments);
  if (!path)
    return arguments;
  auto settings = read_file(*path);
  if (!settings)
    return tl::unexpected{settings.error()};
  auto result = arguments;
  for (const auto& x : *settings) {
    auto more = check(x, make);
    if (!more)
      return tl::unexpected{more.error()};
    if (!is_given(arguments, x.key))
      result.insert(result.end(), more->begin(), more->end());
  }
  return result;
}

tl::expected<std::optional<std::string>, std::string>
log_level_in(const std::string& path) {
  auto settings = read_file(path);
  if (!settings)
    return tl::unexpected{settings.error()};
  for (const auto& x : *settings) {
    if (x.key != "log")
      continue;
    if (x.values.size() != 1 || !is_log_level(x.values[0]))
      return tl::unexpected{x.where + ": expected one level of "
                            + log_level_names()};
    return std::optional{x.values[0]};
  }
  return std::optional<std::string>{};
}

} // namespace node_proxy::tools
