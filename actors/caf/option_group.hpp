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

/// What CAF does about an option that is a `T`, but for what is none: in a file
/// it drops that without a word. It is kept, for us to refuse.
template <class T>
const caf::config_option::meta_state* keeping_state() {
  static const auto result = [] {
    auto state = *caf::detail::option_meta_state_instance<T>();
#if CAF_MAJOR_VERSION >= 1
    state.sync = [](void* to, caf::config_value& x) {
      static_cast<void>(caf::detail::sync_impl<T>(to, x));
      return caf::error{};
    };
#else
    state.check = [](const caf::config_value&) {
      return caf::error{};
    };
    state.parse = [](void* to, caf::string_view text) {
      auto value = caf::detail::parse_impl_delegate<T>(to, text);
      if (!value)
        value = caf::config_value{std::string{text.begin(), text.end()}};
      return value;
    };
#endif
    return state;
  }();
  return &result;
}

/// Options whose names begin with that of the group.
class option_group {
public:
  option_group(caf::actor_system_config& cfg, const std::string& name)
    : name_{name}, options_{options_of(cfg)} {}

  option_group(const option_group&) = delete;
  option_group& operator=(const option_group&) = delete;

  /// @tparam T is `std::int64_t`, `bool`, `caf::timespan` or `std::string`.
  template <class T>
  void add(const std::string& name, const std::string& description) {
    options_.add({name_, name, description, keeping_state<T>()});
  }

private:
  std::string name_;
  caf::config_option_set& options_;
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

/// Whether what was set under this name, if anything was, is a group.
inline bool is_option_group(const caf::actor_system_config& cfg,
                            const std::string& name) {
  return !caf::get_if(&cfg.content, name)
         || caf::get_if<caf::settings>(&cfg.content, name);
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
