// Writing of the forms of `bare_kind`.

#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>

#include <node_proxy/protocol/wire/bare_form.hpp>
#include <node_proxy/protocol/wire/bare_order.hpp>
#include <node_proxy/protocol/wire/bare_writer.hpp>

namespace node_proxy::detail {

/// Who writes values of any type: `put(x)` writes one, with `writer()`.
template <class Coder>
concept bare_coder_out = requires(Coder& coder) {
  { coder.writer() } -> std::same_as<bare_writer&>;
};

template <bare_coder_out Coder, class T>
void put_enum(Coder& coder, T value) {
  auto number = number_of(value);
  auto& out = coder.writer();
  if (!std::in_range<std::uint64_t>(+number))
    return out.fail(bare_error::bad_enum);
  if constexpr (named_enum<T>) {
    if (static_cast<std::uint64_t>(number) >= enum_names<T>.size())
      return out.fail(bare_error::bad_enum);
  }
  out.put_uint(static_cast<std::uint64_t>(number));
}

template <bare_coder_out Coder, class T>
void put_optional(Coder& coder, const T& x) {
  coder.writer().put_flag(static_cast<bool>(x));
  if (x)
    coder.put(*x);
}

template <bare_coder_out Coder, choice T>
void put_choice(Coder& coder, const T& x) {
  if (x.index() >= std::tuple_size_v<alternatives<T>>)
    return coder.writer().fail(bare_error::bad_tag);
  coder.writer().put_uint(x.index());
  visit([&coder](const auto& y) { coder.put(y); }, x);
}

template <bare_coder_out Coder, class T>
void put_record(Coder& coder, const T& x) {
  std::apply([&coder](const auto&... xs) { (coder.put(xs), ...); }, x);
}

/// Whether there is any number that is not written as it lies in memory.
template <class T>
bool has_nan(const T& xs) {
  if constexpr (std::is_floating_point_v<typename T::value_type>)
    return std::ranges::any_of(xs, [](auto x) { return std::isnan(x); });
  else
    return false;
}

template <bare_coder_out Coder, class T>
void put_list(Coder& coder, const T& xs) {
  auto& out = coder.writer();
  if (!out.begin_list(xs.size()))
    return;
  if constexpr (is_copied<Coder, T>) {
    if (!has_nan(xs)) {
      out.put_octets(std::as_bytes(std::span{xs.data(), xs.size()}));
      return out.end_list();
    }
  }
  for (const typename T::value_type& x : xs) {
    auto size = out.octets().size();
    coder.put(x);
    out.end_element(size);
    if (out.error())
      break;
  }
  out.end_list();
}

/// Sets and maps, whose entries are in the order of their encodings, whatever
/// order the container has.
template <bare_coder_out Coder, class T>
void put_entries(Coder& coder, const T& xs) {
  auto& out = coder.writer();
  if (!out.begin_list(xs.size()))
    return;
  bare_entries entries;
  entries.reserve(xs.size());
  for (const auto& x : xs) {
    auto size = out.octets().size();
    entries.begin_entry(out.octets());
    if constexpr (map_container<T>) {
      coder.put(x.first);
      entries.end_key(out.octets());
      coder.put(x.second);
    } else {
      coder.put(x);
      entries.end_key(out.octets());
    }
    out.end_element(size);
    if (out.error())
      break;
  }
  out.end_list();
  if (out.error())
    return;
  // Values of the same key have an order of their own, if the container has.
  using enum bare_entries::order_by;
  auto is_unique =
    entries.sort(out.octets(), unordered_container<T> ? all : key);
  if (!is_unique && !multi_container<T>)
    out.fail(bare_error::bad_order);
}

template <bare_coder_out Coder, class T>
void put_duration(Coder& coder, const T& x) {
  using count = count_type<typename T::rep>;
  if constexpr (std::is_floating_point_v<count>)
    coder.writer().put_real(static_cast<count>(x.count()));
  else if (std::in_range<count>(x.count()))
    coder.writer().put_integer(static_cast<count>(x.count()));
  else
    coder.writer().fail(bare_error::bad_value);
}

/// Writes a value of a type that has a kind.
template <bare_coder_out Coder, class T>
void put_form(Coder& coder, const T& x) {
  constexpr auto kind = kind_of<T>;
  auto& out = coder.writer();
  if constexpr (kind == bare_kind::flag)
    out.put_flag(x);
  else if constexpr (kind == bare_kind::integer)
    out.put_integer(number_of(x));
  else if constexpr (kind == bare_kind::real)
    out.put_real(x);
  else if constexpr (kind == bare_kind::enumeration)
    put_enum(coder, x);
  else if constexpr (kind == bare_kind::text)
    out.put_text(std::string_view{x.data(), x.size()});
  else if constexpr (kind == bare_kind::data)
    out.put_data(std::as_bytes(std::span{x.data(), x.size()}));
  else if constexpr (kind == bare_kind::fixed_data)
    out.put_octets(std::as_bytes(std::span{x}));
  else if constexpr (kind == bare_kind::optional)
    put_optional(coder, x);
  else if constexpr (kind == bare_kind::choice)
    put_choice(coder, x);
  else if constexpr (kind == bare_kind::record)
    put_record(coder, x);
  else if constexpr (kind == bare_kind::fixed_list)
    std::ranges::for_each(x, [&coder](const auto& y) { coder.put(y); });
  else if constexpr (kind == bare_kind::list)
    put_list(coder, x);
  else if constexpr (kind == bare_kind::duration)
    put_duration(coder, x);
  else if constexpr (kind == bare_kind::time)
    put_duration(coder, x.time_since_epoch());
  else
    put_entries(coder, x);
}

} // namespace node_proxy::detail
