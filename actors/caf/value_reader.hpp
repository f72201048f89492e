// Reads values of users' types from BARE.

#pragma once

#include <node_proxy/actors/caf/loading_inspector.hpp>
#include <node_proxy/actors/caf/value_check.hpp>
#include <node_proxy/actors/caf/value_types.hpp>
#include <node_proxy/protocol/wire/bare_form_reader.hpp>

namespace node_proxy::detail {

class value_reader final : public loading_inspector<value_reader> {
public:
  static constexpr bool u64_is_uint = false;

  /// Reads from the octets of `input`, which must outlive the reader.
  explicit value_reader(bytes_view input) : reader_(input) {}

  [[nodiscard]] bare_reader& reader() { return reader_; }
  [[nodiscard]] bool is_ok() const { return !reader_.error(); }

  /// The code of a type refuses what was read.
  bool refuse() {
    reader_.fail(in_enum_ ? bare_error::bad_enum : bare_error::bad_value);
    return false;
  }

  template <class T>
  void get(T& x) {
    constexpr auto way = way_of_value<value_reader, T>;
    if constexpr (way == value_way::none)
      explain_value<value_reader, T>();
    else if constexpr (way == value_way::archive)
      get_archive(x);
    else if constexpr (way == value_way::form)
      get_form_of(x);
    else if constexpr (way != value_way::empty)
      get_inspected<way>(x);
  }

  /// Of elements that somebody reads one by one, each of an octet at least.
  [[nodiscard]] std::size_t get_count() {
    auto count = reader_.take_uint();
    if (count > reader_.rest().size())
      reader_.fail(bare_error::truncated);
    return is_ok() ? static_cast<std::size_t>(count) : 0;
  }

private:
  template <class T>
  void get_archive(T& x) {
    bare_input_archive archive{reader_};
    archive.get(x);
    reader_ = archive.reader();
  }

  template <class T>
  void get_form_of(T& x) {
    if constexpr (kind_of<T> == bare_kind::integer)
      if (in_enum_)
        return get_enum_number(x);
    get_form(*this, x);
  }

  template <class T>
  void get_enum_number(T& x) {
    auto number = reader_.take_uint();
    if (number > static_cast<std::uint64_t>(
          std::numeric_limits<number_type<T>>::max()))
      return reader_.fail(bare_error::bad_enum);
    x = static_cast<T>(number);
  }

  template <value_way Way, class T>
  void get_inspected(T& x) {
    if (!reader_.begin_struct())
      return;
    in_enum_ = std::is_enum_v<T>;
    auto is_done = true;
    if constexpr (Way == value_way::inspect)
      is_done = is_success(inspect(*this, x));
#if CAF_MAJOR_VERSION >= 1
    else if constexpr (Way == value_way::optional_access)
      get_optional_of(x);
    else if constexpr (Way == value_way::variant_access)
      get_variant_of(x);
    else
      is_done = caf::inspector_access<T>::apply(*this, x);
#endif
    if (!is_done)
      refuse();
    in_enum_ = false;
    reader_.end_struct();
  }

#if CAF_MAJOR_VERSION >= 1
  template <class T>
  void get_optional_of(T& x) {
    using traits = typename caf::inspector_access<T>::traits;
    x = T{};
    if (!reader_.take_flag())
      return;
    traits::emplace(x);
    get(traits::deref_load(x));
  }

  template <class T>
  void get_variant_of(T& x) {
    auto tag = reader_.take_uint();
    if (is_ok() && !get_alternative_of(*this, tag, x))
      reader_.fail(bare_error::bad_tag);
  }
#endif

  bare_reader reader_;
  /// A number is that of an enum, which BARE writes as `uint`.
  bool in_enum_ = false;
};

} // namespace node_proxy::detail
