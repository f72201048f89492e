// Reading of the forms of `bare_kind`.

#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include <node_proxy/protocol/wire/bare_container_reader.hpp>
#include <node_proxy/protocol/wire/bare_form.hpp>
#include <node_proxy/protocol/wire/bare_reader.hpp>

namespace node_proxy::detail {

template <bare_coder_in Coder, class T>
void get_enum(Coder& coder, T& x) {
  static_assert(named_enum<T> || fixed_enum<T>,
                "give the enum a type, as in `enum color : std::uint8_t`, or "
                "its names by `enum_names`: it is not known where it ends");
  auto& in = coder.reader();
  auto number = in.take_uint();
  using numbers = std::numeric_limits<std::underlying_type_t<T>>;
  auto end = static_cast<std::uint64_t>(numbers::max());
  if constexpr (named_enum<T>)
    end = std::min(end, std::uint64_t{enum_names<T>.size() - 1});
  if (number > end)
    return in.fail(bare_error::bad_enum);
  x = static_cast<T>(number);
}

template <bare_coder_in Coder, class T>
void get_data(Coder& coder, T& x, std::size_t max = bare_reader::unbounded) {
  auto data = coder.reader().take_data(max);
  if constexpr (requires { x.resize(data.size()); }) {
    auto* first = reinterpret_cast<const typename T::value_type*>(data.data());
    x.assign(first, first + data.size());
  } else {
    x = T{data};
  }
}

template <bare_coder_in Coder, class T>
void get_optional(Coder& coder, T& x) {
  x = T{};
  if (!coder.reader().take_flag())
    return;
  optional_value<T> value{};
  coder.get(value);
  x = std::move(value);
}

template <std::size_t I, bare_coder_in Coder, choice T>
void get_alternative(Coder& coder, T& x) {
  if constexpr (requires { x.template emplace<I>(); }) {
    coder.get(x.template emplace<I>());
  } else {
    std::tuple_element_t<I, alternatives<T>> y{};
    coder.get(y);
    x = std::move(y);
  }
}

template <bare_coder_in Coder, choice T, std::size_t... Is>
void get_choice(Coder& coder, T& x, std::index_sequence<Is...>) {
  auto tag = coder.reader().take_uint();
  if (coder.reader().error())
    return;
  auto is_known = ((tag == Is && (get_alternative<Is>(coder, x), true)) || ...);
  if (!is_known)
    coder.reader().fail(bare_error::bad_tag);
}

template <bare_coder_in Coder, class T>
void get_record(Coder& coder, T& x) {
  std::apply([&coder](auto&... xs) { (coder.get(xs), ...); }, x);
}

template <bare_coder_in Coder, class T>
void get_duration(Coder& coder, T& x) {
  using rep = typename T::rep;
  using count = count_type<rep>;
  auto& in = coder.reader();
  count value{};
  auto is_in_range = true;
  if constexpr (std::is_floating_point_v<count>) {
    value = in.template take_real<count>();
    is_in_range =
      std::isnan(value) || static_cast<count>(static_cast<rep>(value)) == value;
  } else {
    value = in.template take_integer<count>();
    is_in_range = std::in_range<rep>(value);
  }
  if (!is_in_range)
    return in.fail(bare_error::bad_value);
  x = T{static_cast<rep>(value)};
}

template <bare_coder_in Coder, class T>
void get_time(Coder& coder, T& x) {
  typename T::duration since_epoch{};
  get_duration(coder, since_epoch);
  x = T{since_epoch};
}

/// Reads a value of a type that has a kind.
template <bare_coder_in Coder, class T>
void get_form(Coder& coder, T& x) {
  constexpr auto kind = kind_of<T>;
  auto& in = coder.reader();
  if constexpr (kind == bare_kind::flag)
    x = in.take_flag();
  else if constexpr (kind == bare_kind::integer)
    x = static_cast<T>(in.template take_integer<number_type<T>>());
  else if constexpr (kind == bare_kind::real)
    x = in.template take_real<T>();
  else if constexpr (kind == bare_kind::enumeration)
    get_enum(coder, x);
  else if constexpr (kind == bare_kind::text)
    x.assign(in.take_text());
  else if constexpr (kind == bare_kind::data)
    get_data(coder, x);
  else if constexpr (kind == bare_kind::fixed_data)
    std::ranges::copy(in.take_octets(fixed_size<T>),
                      std::as_writable_bytes(std::span{x}).begin());
  else if constexpr (kind == bare_kind::optional)
    get_optional(coder, x);
  else if constexpr (kind == bare_kind::choice)
    get_choice(coder, x,
               std::make_index_sequence<std::tuple_size_v<alternatives<T>>>{});
  else if constexpr (kind == bare_kind::record)
    get_record(coder, x);
  else if constexpr (kind == bare_kind::fixed_list)
    std::ranges::for_each(x, [&coder](auto& y) { coder.get(y); });
  else if constexpr (kind == bare_kind::list)
    get_list(coder, x);
  else if constexpr (kind == bare_kind::duration)
    get_duration(coder, x);
  else if constexpr (kind == bare_kind::time)
    get_time(coder, x);
  else
    get_entries(coder, x);
}

} // namespace node_proxy::detail
