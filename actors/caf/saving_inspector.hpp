// What `inspect` is called with to see the fields of a value: as CAF's own
// inspectors that save, in the spelling of its version.

#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

#include <caf/all.hpp>
#if CAF_MAJOR_VERSION >= 1
#include <caf/save_inspector_base.hpp>
#else
#include <caf/meta/load_callback.hpp>
#include <caf/meta/save_callback.hpp>
#include <caf/serializer.hpp>

#include <node_proxy/actors/caf/version_check.hpp>
#endif

namespace node_proxy::detail {

/// Whether an `inspect`, or a function that it was given, was successful.
inline bool is_success(bool result) {
  return result;
}

inline bool is_success(const caf::error& result) {
  return !result;
}

#if CAF_MAJOR_VERSION >= 1

/// A field that is always there, whatever CAF would put in its place: a value
/// has one form.
template <class Get>
struct saved_field {
  std::string_view name;
  Get get;

  template <class Inspector>
  bool operator()(Inspector& f) {
    f.put_field(name, get());
    return f.is_ok();
  }

  template <class T>
  saved_field&& fallback(T&&) && {
    return std::move(*this);
  }

  template <class Predicate>
  saved_field&& invariant(Predicate&&) && {
    return std::move(*this);
  }
};

template <class IsPresent, class Get>
struct saved_optional_field {
  std::string_view name;
  IsPresent is_present;
  Get get;

  template <class Inspector>
  bool operator()(Inspector& f) {
    f.put_optional_field(name, is_present, get);
    return f.is_ok();
  }
};

/// Hands what `inspect` shows to `Derived`: `put(x)`, `put_field(name, x)`,
/// `put_optional_field(name, is_present, get)`, `put_count(size)`; `is_ok()`
/// tells whether to go on.
template <class Derived>
class saving_inspector : public caf::save_inspector_base<Derived> {
public:
  static constexpr bool has_human_readable_format() noexcept { return false; }

  // -- fields, in place of those of CAF -----------------------------------

  template <class T>
  static auto field(std::string_view name, T& x) {
    auto get = [&x]() -> const T& {
      return x;
    };
    return saved_field<decltype(get)>{name, get};
  }

  template <class Get, class Set>
  static auto field(std::string_view name, Get get, Set&&) {
    return saved_field<Get>{name, std::move(get)};
  }

  template <class IsPresent, class Get, class Reset, class Set>
  static auto field(std::string_view name, IsPresent is_present, Get get,
                    Reset&&, Set&&) {
    return saved_optional_field<IsPresent, Get>{name, std::move(is_present),
                                                std::move(get)};
  }

  // -- values -------------------------------------------------------------

  template <class T>
  [[nodiscard]] bool apply(const T& x) {
    derived().put(x);
    return derived().is_ok();
  }

  template <class Get, class Set>
  [[nodiscard]] bool apply(Get&& get, Set&&) {
    return apply(get());
  }

  template <class T>
  bool value(const T& x) {
    return apply(x);
  }

  template <class T>
  bool list(const T& xs) {
    return apply(xs);
  }

  template <class T>
  bool map(const T& xs) {
    return apply(xs);
  }

  template <class T>
  bool tuple(const T& xs) {
    return apply(xs);
  }

  // -- parts of values, for who puts them together by hand ------------------

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

  bool begin_field(std::string_view, bool is_present) {
    return apply(is_present);
  }

  bool begin_field(std::string_view, caf::span<const caf::type_id_t>,
                   std::size_t index) {
    return put_count(index);
  }

  bool begin_field(std::string_view, bool is_present,
                   caf::span<const caf::type_id_t>, std::size_t index) {
    return apply(is_present) && (!is_present || put_count(index));
  }

  bool begin_sequence(std::size_t size) { return put_count(size); }
  bool begin_associative_array(std::size_t size) { return put_count(size); }

private:
  Derived& derived() { return static_cast<Derived&>(*this); }

  bool put_count(std::size_t count) {
    derived().put_count(count);
    return derived().is_ok();
  }
};

#else

/// Hands what `inspect` shows to `Derived`: `put(x)`, `put_field(name, x)`,
/// `put_count(size)`, `put_octets(data)`; `is_ok()` tells whether to go on. It
/// is a serializer for who inspects for those alone.
template <class Derived>
class saving_inspector : public caf::serializer {
public:
  template <class... Ts>
  caf::error operator()(const Ts&... xs) {
    static_cast<void>((visit(xs) && ...));
    return result();
  }

  template <class T>
  caf::error apply(const T& x) {
    derived().put(x);
    return result();
  }

  caf::error begin_object(std::uint16_t&, std::string&) override {
    return caf::none;
  }

  caf::error end_object() override { return caf::none; }

  caf::error begin_sequence(std::size_t& size) override {
    derived().put_count(size);
    return result();
  }

  caf::error end_sequence() override { return caf::none; }

  caf::error apply_raw(std::size_t size, void* data) override {
    derived().put_octets({static_cast<const std::byte*>(data), size});
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
  bool visit(const T& x) {
    if constexpr (caf::meta::is_save_callback<T>::value) {
      if (auto error = x.fun())
        derived().refuse();
    } else if constexpr (!caf::meta::is_annotation<T>::value) {
      derived().put_field({}, x);
    }
    return derived().is_ok();
  }
};

#endif

} // namespace node_proxy::detail
