// What `inspect` is called with to fill the fields of a value: as CAF's own
// inspectors that load, in the spelling of its version.

#pragma once

#include <cstddef>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

#include <caf/all.hpp>
#if CAF_MAJOR_VERSION >= 1
#include <caf/load_inspector_base.hpp>
#else
#include <caf/deserializer.hpp>
#include <caf/meta/load_callback.hpp>
#include <caf/meta/save_callback.hpp>
#endif

#include <node_proxy/actors/caf/saving_inspector.hpp>
#include <node_proxy/actors/caf/version_check.hpp>

namespace node_proxy::detail {

#if CAF_MAJOR_VERSION >= 1

/// Calls a setter, which may return nothing. @returns whether it took `x`.
template <class Set, class T>
bool give(Set& set, T& x) {
  if constexpr (std::is_void_v<decltype(set(std::move(x)))>) {
    set(std::move(x));
    return true;
  } else {
    return is_success(set(std::move(x)));
  }
}

struct anything_is_valid {
  template <class T>
  bool operator()(const T&) const {
    return true;
  }
};

template <class T, class IsValid = anything_is_valid>
struct loaded_field {
  T* value;
  IsValid is_valid{};

  template <class Inspector>
  bool operator()(Inspector& f) {
    f.get(*value);
    return f.is_ok() && (is_valid(*value) || f.refuse());
  }

  template <class U>
  loaded_field&& fallback(U&&) && {
    return std::move(*this);
  }

  template <class Predicate>
  auto invariant(Predicate predicate) && {
    return loaded_field<T, Predicate>{value, std::move(predicate)};
  }
};

template <class T, class Set, class IsValid = anything_is_valid>
struct loaded_virtual_field {
  Set set;
  IsValid is_valid{};

  template <class Inspector>
  bool operator()(Inspector& f) {
    T x{};
    f.get(x);
    return f.is_ok() && ((is_valid(x) && give(set, x)) || f.refuse());
  }

  template <class U>
  loaded_virtual_field&& fallback(U&&) && {
    return std::move(*this);
  }

  template <class Predicate>
  auto invariant(Predicate predicate) && {
    return loaded_virtual_field<T, Set, Predicate>{std::move(set),
                                                   std::move(predicate)};
  }
};

template <class T, class Reset, class Set>
struct loaded_optional_field {
  Reset reset;
  Set set;

  template <class Inspector>
  bool operator()(Inspector& f) {
    auto is_present = false;
    f.get(is_present);
    if (!f.is_ok())
      return false;
    if (is_present)
      return loaded_virtual_field<T, Set&>{set}(f);
    reset();
    return true;
  }
};

/// Has `Derived` fill what `inspect` shows: `get(x)`, `get_count()`,
/// `refuse()`; `is_ok()` tells whether to go on.
template <class Derived>
class loading_inspector : public caf::load_inspector_base<Derived> {
public:
  static constexpr bool has_human_readable_format() noexcept { return false; }

  // -- fields, in place of those of CAF -----------------------------------

  template <class T>
  static auto field(std::string_view, T& x) {
    return loaded_field<T>{&x};
  }

  template <class Get, class Set>
  static auto field(std::string_view, Get&& get, Set set) {
    using value = std::decay_t<decltype(get())>;
    return loaded_virtual_field<value, Set>{std::move(set)};
  }

  template <class IsPresent, class Get, class Reset, class Set>
  static auto field(std::string_view, IsPresent&&, Get&& get, Reset reset,
                    Set set) {
    using value = std::decay_t<decltype(get())>;
    return loaded_optional_field<value, Reset, Set>{std::move(reset),
                                                    std::move(set)};
  }

  // -- values -------------------------------------------------------------

  template <class T>
  [[nodiscard]] bool apply(T& x) {
    derived().get(x);
    return derived().is_ok();
  }

  template <class Get, class Set>
  [[nodiscard]] bool apply(Get&& get, Set&& set) {
    using value = std::decay_t<decltype(get())>;
    return loaded_virtual_field<value, Set&>{set}(derived());
  }

  template <class T>
  bool value(T& x) {
    return apply(x);
  }

  template <class T>
  bool list(T& xs) {
    return apply(xs);
  }

  template <class T>
  bool map(T& xs) {
    return apply(xs);
  }

  template <class T>
  bool tuple(T& xs) {
    return apply(xs);
  }

  // -- parts of values, for who takes them apart by hand --------------------

  bool begin_object(caf::type_id_t, std::string_view) { return true; }
  bool end_object() { return true; }
  bool begin_field(std::string_view) { return true; }
  bool end_field() { return true; }
  bool begin_tuple(std::size_t) { return true; }
  bool end_tuple() { return true; }
  bool begin_key_value_pair() { return true; }
  bool end_key_value_pair() { return true; }
  bool end_sequence() { return true; }
  bool end_associative_array() { return true; }

  bool begin_field(std::string_view, bool& is_present) {
    return apply(is_present);
  }

  bool begin_field(std::string_view, caf::span<const caf::type_id_t> types,
                   std::size_t& index) {
    return get_count(index) && (index < types.size() || derived().refuse());
  }

  bool begin_field(std::string_view name, bool& is_present,
                   caf::span<const caf::type_id_t> types, std::size_t& index) {
    return apply(is_present)
           && (!is_present || begin_field(name, types, index));
  }

  bool begin_sequence(std::size_t& size) { return get_count(size); }
  bool begin_associative_array(std::size_t& size) { return get_count(size); }

private:
  Derived& derived() { return static_cast<Derived&>(*this); }

  bool get_count(std::size_t& count) {
    count = derived().get_count();
    return derived().is_ok();
  }
};

#else

/// Has `Derived` fill what `inspect` shows: `get(x)`, `get_count()`,
/// `refuse()`; `is_ok()` tells whether to go on. It is a deserializer for who
/// inspects for those alone.
template <class Derived>
class loading_inspector : public caf::deserializer {
public:
  template <class... Ts>
  caf::error operator()(Ts&&... xs) {
    static_cast<void>((visit(xs) && ...));
    return result();
  }

  template <class T>
  caf::error apply(T& x) {
    derived().get(x);
    return result();
  }

  caf::error begin_object(std::uint16_t&, std::string&) override {
    return caf::none;
  }

  caf::error end_object() override { return caf::none; }

  caf::error begin_sequence(std::size_t& size) override {
    size = derived().get_count();
    return result();
  }

  caf::error end_sequence() override { return caf::none; }

  caf::error apply_raw(std::size_t size, void* data) override {
    auto octets = derived().reader().take_octets(size);
    std::copy(octets.begin(), octets.end(), static_cast<std::byte*>(data));
    return result();
  }

protected:
  caf::error apply_impl(std::int8_t& x) override { return apply(x); }
  caf::error apply_impl(std::uint8_t& x) override { return apply(x); }
  caf::error apply_impl(std::int16_t& x) override { return apply(x); }
  caf::error apply_impl(std::uint16_t& x) override { return apply(x); }
  caf::error apply_impl(std::int32_t& x) override { return apply(x); }
  caf::error apply_impl(std::uint32_t& x) override { return apply(x); }
  caf::error apply_impl(std::int64_t& x) override { return apply(x); }
  caf::error apply_impl(std::uint64_t& x) override { return apply(x); }
  caf::error apply_impl(float& x) override { return apply(x); }
  caf::error apply_impl(double& x) override { return apply(x); }
  caf::error apply_impl(long double&) override {
    return caf::sec::invalid_argument;
  }
  caf::error apply_impl(std::string& x) override { return apply(x); }
  caf::error apply_impl(std::u16string& x) override { return apply(x); }
  caf::error apply_impl(std::u32string& x) override { return apply(x); }

private:
  Derived& derived() { return static_cast<Derived&>(*this); }

  caf::error result() {
    if (derived().is_ok())
      return caf::none;
    return caf::sec::invalid_argument;
  }

  template <class T>
  bool visit(T& x) {
    using type = std::remove_const_t<T>;
    if constexpr (caf::meta::is_load_callback<type>::value) {
      if (auto error = x.fun())
        derived().refuse();
    } else if constexpr (!caf::meta::is_annotation<type>::value) {
      // Some hand over what is const, and will be filled nevertheless.
      derived().get(const_cast<type&>(x));
    }
    return derived().is_ok();
  }
};

#endif

} // namespace node_proxy::detail
