// Values of options that are more than text or numbers. Whoever gives a wrong
// one is told what was expected, with the exit status for wrong usage.

#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include <node_proxy/messages/identities.hpp>
#include <node_proxy/messages/transport_address.hpp>

namespace node_proxy::tools {

/// Reads a node id: 64 hexadecimal digits of a valid public key.
[[nodiscard]] tl::expected<node_id, std::string>
parse_node_id(std::string_view text);

/// Takes a whole number within bounds, in decimal digits.
[[nodiscard]] CLI::Validator whole_number(std::uint64_t min, std::uint64_t max);

/// Adds an option that can be given several times, one value each.
/// @param parse makes a value from its text, or says what is wrong with it.
template <class T>
CLI::Option*
add_parsed_option(CLI::App& app, std::string name, std::vector<T>& values,
                  tl::expected<T, std::string> (*parse)(std::string_view),
                  std::string description) {
  auto read = [name, &values,
               parse](const std::vector<std::string>& texts) -> void {
    for (const auto& text : texts) {
      auto value = parse(text);
      if (!value)
        throw CLI::ValidationError{name, value.error()};
      values.push_back(std::move(*value));
    }
  };
  return app
    .add_option_function<std::vector<std::string>>(name, read,
                                                   std::move(description))
    ->allow_extra_args(false);
}

} // namespace node_proxy::tools
