// Writes values of users' types as BARE.

#pragma once

#include <string_view>

#include <node_proxy/actors/caf/saving_inspector.hpp>
#include <node_proxy/actors/caf/value_check.hpp>
#include <node_proxy/actors/caf/value_types.hpp>
#include <node_proxy/protocol/wire/bare_form_writer.hpp>

namespace node_proxy::detail {

class value_writer final : public saving_inspector<value_writer> {
public:
  static constexpr bool u64_is_uint = false;

  /// Appends to `out`, which must outlive the writer.
  explicit value_writer(bytes& out) : writer_(out) {}

  [[nodiscard]] bare_writer& writer() { return writer_; }
  [[nodiscard]] bool is_ok() const { return !writer_.error(); }

  /// The code of a type refuses its value.
  bool refuse() {
    writer_.fail(bare_error::bad_value);
    return false;
  }

  template <class T>
  void put(const T& x) {
    constexpr auto way = way_of_value<value_writer, T>;
    if constexpr (way == value_way::none)
      explain_value<value_writer, T>();
    else if constexpr (way == value_way::archive)
      put_archive(x);
    else if constexpr (way == value_way::form)
      put_form_of(x);
    else if constexpr (way != value_way::empty)
      put_inspected<way>(const_cast<T&>(x));
  }

  template <class T>
  void put_field(std::string_view, const T& x) {
    put(x);
  }

  template <class IsPresent, class Get>
  void put_optional_field(std::string_view, IsPresent& is_present, Get& get) {
    auto flag = static_cast<bool>(is_present());
    writer_.put_flag(flag);
    if (flag)
      put(get());
  }

  void put_count(std::size_t count) { writer_.put_uint(count); }

  void put_octets(bytes_view data) { writer_.put_octets(data); }

private:
  template <class T>
  void put_archive(const T& x) {
    bare_output_archive archive{writer_};
    archive.put(x);
    writer_ = archive.writer();
  }

  template <class T>
  void put_form_of(const T& x) {
    if constexpr (kind_of<T> == bare_kind::integer)
      if (in_enum_)
        return put_enum_number(number_of(x));
    put_form(*this, x);
  }

  template <class T>
  void put_enum_number(T number) {
    if (std::cmp_less(+number, 0))
      return writer_.fail(bare_error::bad_enum);
    writer_.put_uint(static_cast<std::uint64_t>(number));
  }

  template <value_way Way, class T>
  void put_inspected(T& x) {
    if (!writer_.begin_struct())
      return;
    in_enum_ = std::is_enum_v<T>;
    auto is_done = true;
    if constexpr (Way == value_way::inspect)
      is_done = is_success(inspect(*this, x));
#if CAF_MAJOR_VERSION >= 1
    else if constexpr (Way == value_way::optional_access)
      put_optional_of(x);
    else if constexpr (Way == value_way::variant_access)
      put_variant_of(x);
    else
      is_done = caf::inspector_access<T>::apply(*this, x);
#endif
    if (!is_done)
      refuse();
    in_enum_ = false;
    writer_.end_struct();
  }

#if CAF_MAJOR_VERSION >= 1
  template <class T>
  void put_optional_of(T& x) {
    writer_.put_flag(static_cast<bool>(x));
    if (x)
      put(caf::inspector_access<T>::traits::deref_save(x));
  }

  template <class T>
  void put_variant_of(T& x) {
    using traits = typename caf::inspector_access<T>::traits;
    writer_.put_uint(traits::type_index(x));
    traits::visit([this](const auto& y) { this->put(y); }, x);
  }
#endif

  bare_writer writer_;
  /// A number is that of an enum, which BARE writes as `uint`.
  bool in_enum_ = false;
};

} // namespace node_proxy::detail
