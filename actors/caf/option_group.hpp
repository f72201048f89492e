// Options of ours in the configuration of an actor system: CAF reads them from
// the command line and from configuration files.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <caf/all.hpp>

namespace node_proxy::internal {

/// CAF's own modules add theirs by what users of 0.17 cannot reach.
inline caf::config_option_set& options_of(caf::actor_system_config& cfg) {
  struct reach : caf::actor_system_config {
    static auto options() { return &reach::custom_options_; }
  };
  return cfg.*reach::options();
}

/// Options whose names begin with that of the group.
class option_group {
public:
  option_group(caf::actor_system_config& cfg, const std::string& name)
    : name_{name}, adder_{options_of(cfg), name_} {}

  option_group(const option_group&) = delete;
  option_group& operator=(const option_group&) = delete;

  /// @tparam T is `std::int64_t`, `bool`, `caf::timespan` or `std::string`.
  template <class T>
  void add(const std::string& name, const std::string& description) {
    adder_.add<T>(name, description);
  }

private:
  // The adder only looks at it.
  std::string name_;
  caf::config_option_adder adder_;
};

/// The value of an option if it was set, and has this type.
template <class T>
std::optional<T> option_value(const caf::actor_system_config& cfg,
                              const std::string& name) {
  auto value = caf::get_if<T>(&cfg.content, name);
  return value ? std::optional<T>{*value} : std::nullopt;
}

/// An option that was set, whatever it is, as text; nothing if it was not.
inline std::optional<std::string>
option_text(const caf::actor_system_config& cfg, const std::string& name) {
  auto value = caf::get_if(&cfg.content, name);
  return value ? std::optional{to_string(*value)} : std::nullopt;
}

/// The names of all options that were set in a group, without its own.
inline std::vector<std::string> options_in(const caf::actor_system_config& cfg,
                                           const std::string& group) {
  std::vector<std::string> result;
  if (auto all = caf::get_if<caf::settings>(&cfg.content, group))
    for (const auto& [name, value] : *all)
      result.emplace_back(name.begin(), name.end());
  return result;
}

} // namespace node_proxy::internal
