// The Cereal archive that describes BARE.

#pragma once

#include <string>
#include <utility>

#include <node_proxy/protocol/wire/bare_form_schema.hpp>
#include <node_proxy/protocol/wire/bare_output_archive.hpp>

namespace node_proxy::detail {

/// Writes down what the other archives write of the types that it is asked to
/// describe. What a class shows is that of a value as it is made.
class bare_schema_archive : public cereal::OutputArchive<bare_schema_archive> {
public:
  explicit bare_schema_archive(schema_text& schema)
    : cereal::OutputArchive<bare_schema_archive>(this), schema_(&schema) {}

  [[nodiscard]] schema_text& schema() { return *schema_; }

  template <class T>
  std::string describe() {
    static_assert(bare_type<T, bare_output_archive>,
                  "this type has no BARE form, see bare_type");
    if constexpr (std::is_same_v<T, std::uint64_t>)
      return "uint";
    else if constexpr (std::is_same_v<T, fixed_u64>)
      return "u64";
    else if constexpr (is_field_wrapper<T>)
      return describe_field(std::type_identity<T>{});
    else if constexpr (is_form_of_archive<T>)
      return describe_form<bare_schema_archive, T>(*this);
    else
      return schema_->define(typeid(T), schema_type_name(cpp_name<T>()),
                             [this] { return describe_class<T>(); });
  }

  template <class... Ts>
  bare_schema_archive& operator()(const Ts&... xs) {
    (put(xs), ...);
    return *this;
  }

  template <class T>
  bare_schema_archive& operator&(const T& x) {
    return (*this)(x);
  }

  template <class T>
  bare_schema_archive& operator<<(const T& x) {
    return (*this)(x);
  }

private:
  template <class T>
  void put(const T&) {
    fields_.add({}, describe<T>());
  }

  template <class T>
  void put(const cereal::NameValuePair<T>& pair) {
    fields_.add(pair.name, describe<std::remove_cvref_t<T>>());
  }

  template <class T>
  std::string describe_field(std::type_identity<cereal::SizeTag<T>>) {
    return "uint";
  }

  template <class T>
  std::string describe_field(std::type_identity<cereal::base_class<T>>) {
    return describe<T>();
  }

  template <class T>
  std::string
  describe_field(std::type_identity<cereal::virtual_base_class<T>>) {
    return describe<T>();
  }

  template <class T>
  std::string describe_field(std::type_identity<sole_alternative<T>>) {
    return "union { " + describe<T>() + " = 0 }";
  }

  template <std::size_t Max, class T>
  std::string describe_field(std::type_identity<bounded_field<Max, T>>) {
    return describe<T>();
  }

  template <bool (*IsValid)(std::string_view), std::size_t Max>
  std::string describe_field(std::type_identity<checked_text<IsValid, Max>>) {
    return describe<std::string>();
  }

  template <class T>
  std::string describe_class() {
    constexpr auto way = way_of<T, bare_output_archive>();
    auto outer = std::exchange(fields_, {});
    T x{};
    if constexpr (has_version(way)) {
      fields_.add("version", "u32");
      call_functions<way>(x,
                          std::uint32_t{cereal::detail::Version<T>::version});
    } else {
      call_functions<way>(x);
    }
    auto inner = std::exchange(fields_, std::move(outer));
    return inner.to_type(*schema_);
  }

  template <cereal_way Way, class T, class... Version>
  void call_functions(T& x, Version... version) {
    using enum cereal_way;
    using cereal::access;
    if constexpr (Way == member_serialize || Way == member_serialize_version)
      access::member_serialize(*this, x, version...);
    else if constexpr (Way == free_serialize || Way == free_serialize_version)
      serialize(*this, x, version...);
    else if constexpr (Way == member_pair || Way == member_pair_version)
      access::member_save(*this, x, version...);
    else if constexpr (Way == free_pair || Way == free_pair_version)
      save(*this, x, version...);
    else if constexpr (Way == member_minimal || Way == member_minimal_version)
      add_value(access::member_save_minimal(*this, x, version...));
    else
      add_value(save_minimal(*this, x, version...));
  }

  template <class T>
  void add_value(const T&) {
    fields_.add_value(describe<T>());
  }

  schema_text* schema_;
  schema_fields fields_;
};

} // namespace node_proxy::detail
