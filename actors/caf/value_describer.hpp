// Describes users' types in BARE's schema language.

#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <node_proxy/actors/caf/saving_inspector.hpp>
#include <node_proxy/actors/caf/value_check.hpp>
#include <node_proxy/actors/caf/value_types.hpp>
#include <node_proxy/protocol/wire/bare_schema_archive.hpp>

namespace node_proxy::detail {

/// Writes down what `value_writer` writes of the types that it is asked to
/// describe. What an `inspect` shows is that of a value as it is made.
class value_describer final : public saving_inspector<value_describer> {
public:
  explicit value_describer(schema_text& schema) : schema_(&schema) {}

  [[nodiscard]] schema_text& schema() { return *schema_; }
  [[nodiscard]] bool is_ok() const { return true; }

  /// Nothing is refused: the value is none of a user's.
  void refuse() {}

  template <class T>
  std::string describe() {
    constexpr auto way = way_of_value<value_describer, T>;
    if constexpr (way == value_way::none)
      return explain_value<value_describer, T>(), std::string{};
    else if constexpr (way == value_way::archive)
      return bare_schema_archive{*schema_}.describe<T>();
    else if constexpr (way == value_way::form || std::is_enum_v<T>)
      return describe_form<value_describer, T>(*this);
#if CAF_MAJOR_VERSION >= 1
    else if constexpr (way == value_way::optional_access)
      return "optional<"
             + describe<typename caf::inspector_access<T>::value_type>() + '>';
    else if constexpr (way == value_way::variant_access)
      return schema_->define(typeid(T), schema_type_name(cpp_name<T>()),
                             [this] { return describe_variant_of<T>(); });
#endif
    else
      return schema_->define(typeid(T), schema_type_name(cpp_name<T>()),
                             [this] { return describe_inspected<T, way>(); });
  }

  template <class T>
  void put(const T&) {
    fields_.add_value(describe<T>());
  }

  template <class T>
  void put_field(std::string_view name, const T&) {
    fields_.add(name, describe<T>());
  }

  template <class IsPresent, class Get>
  void put_optional_field(std::string_view name, IsPresent&, Get& get) {
    using value = std::remove_cvref_t<decltype(get())>;
    fields_.add(name, "optional<" + describe<value>() + '>');
  }

  void put_count(std::size_t) {
    fields_.add_value("uint");
  }
  void put_octets(bytes_view data) {
    fields_.add_value("data[" + std::to_string(data.size()) + ']');
  }

private:
  template <class T, value_way Way>
  std::string describe_inspected() {
    auto outer = std::exchange(fields_, {});
    [[maybe_unused]] T x{};
    if constexpr (Way == value_way::inspect)
      static_cast<void>(inspect(*this, x));
#if CAF_MAJOR_VERSION >= 1
    else if constexpr (Way == value_way::access)
      static_cast<void>(caf::inspector_access<T>::apply(*this, x));
#endif
    auto inner = std::exchange(fields_, std::move(outer));
    return inner.to_type(*schema_);
  }

#if CAF_MAJOR_VERSION >= 1
  template <class T>
  std::string describe_variant_of() {
    schema_union result;
    for_each_alternative<T>([&]<class U>(std::size_t tag, const U&) {
      result.add(*schema_, tag, describe_alternative_of<T, U>());
    });
    return result.to_type();
  }

  template <class T, class U>
  std::string describe_alternative_of() {
    if constexpr (std::is_same_v<T, U>)
      return "void"; // see get_alternative_of
    else
      return describe<U>();
  }
#endif

  schema_text* schema_;
  schema_fields fields_;
};

} // namespace node_proxy::detail
