#include <node_proxy/actors/configuration.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <node_proxy/actors/caf/initialized.hpp>
#include <node_proxy/actors/caf/messages.hpp>
#include <node_proxy/actors/caf/option_group.hpp>
#include <node_proxy/actors/node.hpp>
#include <node_proxy/actors/setting.hpp>

namespace node_proxy {

using namespace internal;

namespace {

constexpr char group[] = "node-proxy";

std::string option_of(const setting& x) {
  return std::string{group} + '.' + std::string{x.name};
}

void add_options(caf::actor_system_config& cfg) {
  option_group options{cfg, group};
  for (const auto& x : all_settings()) {
    std::string name{x.name};
    std::string description{x.description};
    if (x.unit == setting_unit::flag)
      options.add<bool>(name, description);
    else if (x.unit == setting_unit::time)
      options.add<caf::timespan>(name, description);
    else if (x.is_number())
      options.add<std::int64_t>(name, description);
    else
      options.add<std::string>(name, description);
  }
}

/// What a number was set to, if it is one.
std::optional<setting::number> number_set(const setting& x,
                                          const caf::actor_system_config& cfg) {
  auto name = option_of(x);
  if (x.unit == setting_unit::time) {
    auto value = option_value<caf::timespan>(cfg, name);
    return value ? std::optional{value->count()} : std::nullopt;
  }
  if (x.unit == setting_unit::flag) {
    auto value = option_value<bool>(cfg, name);
    return value ? std::optional<setting::number>{*value} : std::nullopt;
  }
  return option_value<std::int64_t>(cfg, name);
}

/// @returns whether it was set.
bool set(node_config& config, const setting& x,
         const caf::actor_system_config& cfg) {
  if (x.is_number()) {
    auto value = number_set(x, cfg);
    if (!value || !x.allows(*value))
      return false;
    x.set(config, *value);
    return true;
  }
  auto value = option_value<std::string>(cfg, option_of(x));
  return value && x.set_text(config, *value).empty();
}

/// What an option was set to; nothing if it was not.
std::optional<std::string> text_set(const setting& x,
                                    const caf::actor_system_config& cfg) {
  auto number = x.is_number() ? number_set(x, cfg) : std::nullopt;
  return number ? to_text(x.unit, *number) : option_text(cfg, option_of(x));
}

/// What an option should be: also of which kind, if that is what is wrong.
std::string expected_of(const setting& x, const caf::actor_system_config& cfg) {
  auto kind = "";
  if (x.is_number() && x.unit != setting_unit::flag && !number_set(x, cfg))
    kind =
      x.unit == setting_unit::time ? "a time with its unit, " : "a number, ";
  return kind + expected_text(x);
}

/// The first option of the group that nobody knows.
std::optional<std::string> unknown_option(const caf::actor_system_config& cfg) {
  for (auto& name : options_in(cfg, group)) {
    auto full = std::string{group} + '.' + name;
    if (full != initialized_setting
        && std::ranges::find(all_settings(), name, &setting::name)
             == all_settings().end())
      return full;
  }
  return std::nullopt;
}

} // namespace

void init(caf::actor_system_config& cfg) {
  if (caf::get_or(cfg, initialized_setting, false))
    return;
  register_messages(cfg);
  add_options(cfg);
  caf::put(cfg.content, initialized_setting, true);
}

caf::expected<node_config> configured(node_config base,
                                      const caf::actor_system_config& cfg) {
  auto bad = [](std::string text) {
    return make_error(errc::bad_config, std::move(text));
  };
  if (!is_option_group(cfg, group))
    return bad(std::string{group} + " is not a group of options");
  if (auto name = unknown_option(cfg))
    return bad(*name + ": there is no such option");
  for (const auto& x : all_settings()) {
    auto given = text_set(x, cfg);
    if (given && !set(base, x, cfg))
      return bad(option_of(x) + " is " + *given + "; expected "
                 + expected_of(x, cfg));
  }
  return base;
}

} // namespace node_proxy
