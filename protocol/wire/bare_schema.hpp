// Types as text in BARE's schema language (draft-devault-bare-11, section 3).

#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <typeindex>
#include <vector>

#include <node_proxy/base/export.hpp>

namespace node_proxy::detail {

/// A name of C++ as one of BARE, without its namespaces: `app::line_item<int>`
/// is `LineItemInt`.
[[nodiscard]] NODE_PROXY_EXPORT std::string
schema_type_name(std::string_view cpp);

/// `line_item` as `LINE_ITEM`.
[[nodiscard]] NODE_PROXY_EXPORT std::string
schema_constant_name(std::string_view cpp);

/// What is written down when types are described.
class NODE_PROXY_EXPORT schema_text {
public:
  /// Has `type` defined, unless it is or is about to be.
  /// @param body what the type is.
  /// @returns its name, which is that of no other type.
  std::string define(std::type_index type, std::string name,
                     const std::function<std::string()>& body,
                     std::string_view comment = {});

  /// Defines another name for a type. @returns the name.
  std::string define_alias(const std::string& type);

  /// Whether `type` is the name of a type that is defined.
  [[nodiscard]] bool defines(const std::string& type) const {
    return taken_names_.contains(type);
  }

  /// Whether a value of `type` takes no octets.
  [[nodiscard]] bool is_void(const std::string& type) const;

  /// All definitions, each after those that it needs. A type that holds a list
  /// of itself comes before its own definition is complete.
  [[nodiscard]] const std::string& definitions() const { return definitions_; }

private:
  std::string take_name(const std::string& wanted);

  std::map<std::type_index, std::string> names_;
  std::set<std::string> taken_names_;
  std::set<std::string> voids_{"void"};
  std::string definitions_;
};

/// The fields of a struct.
class NODE_PROXY_EXPORT schema_fields {
public:
  /// @param name as C++ has it; nothing if it is not known.
  void add(std::string_view name, std::string type);

  /// What they make: a struct of those that take octets, for BARE has no
  /// others, or void. A value alone that was no field is its own type.
  [[nodiscard]] std::string to_type(const schema_text& text) const;

  /// A value that is no field is described.
  void add_value(std::string type);

private:
  struct field {
    std::string name;
    std::string type;
  };

  std::vector<field> fields_;
  std::set<std::string> names_;
  std::size_t values_ = 0;
};

/// The alternatives of a union.
class NODE_PROXY_EXPORT schema_union {
public:
  /// @param text where a second name is defined for a type that is there
  ///             already, since those of a union differ.
  void add(schema_text& text, std::size_t tag, std::string type);

  [[nodiscard]] std::string to_type() const { return text_ + " }"; }

private:
  std::string text_ = "union {";
  std::set<std::string> types_;
};

/// The name that the compiler has for a type.
template <class T>
constexpr std::string_view cpp_name() {
  std::string_view function = __PRETTY_FUNCTION__;
  auto begin = function.find("T = ") + 4;
  return function.substr(begin, function.find_first_of(";]", begin) - begin);
}

} // namespace node_proxy::detail
