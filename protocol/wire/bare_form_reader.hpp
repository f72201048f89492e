// Reading of the forms of `bare_kind`.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>
#include <utility>

#include <node_proxy/protocol/wire/bare_form.hpp>
#include <node_proxy/protocol/wire/bare_order.hpp>
#include <node_proxy/protocol/wire/bare_reader.hpp>

namespace node_proxy::detail {

/// Who reads values of any type: `get(x)` reads one, with `reader()`.
template <class Coder>
concept bare_coder_in = requires(Coder& coder) {
  { coder.reader() } -> std::same_as<bare_reader&>;
};

template <bare_coder_in Coder, class T>
void get_enum(Coder& coder, T& x) {
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

/// Makes room for what will be read, unless that is much more memory than the
/// octets justify: the count of elements is only a claim.
template <class T>
void reserve(T& xs, std::size_t count) {
  using element = typename T::value_type;
  constexpr std::size_t justified = 8;
  if constexpr (requires { xs.reserve(count); })
    if (sizeof(element) <= justified * least_size<element>())
      xs.reserve(count);
}

/// Reads elements that lie in memory as they are written.
template <class T>
void copy_elements(bare_reader& in, T& xs, std::size_t count) {
  using element = typename T::value_type;
  if (count > in.rest().size() / sizeof(element))
    return in.fail(bare_error::truncated);
  xs.resize(count);
  auto octets = in.take_octets(count * sizeof(element));
  if (!octets.empty())
    std::memcpy(xs.data(), octets.data(), octets.size());
  if constexpr (std::is_floating_point_v<element>)
    for (auto x : xs)
      in.check_real(x);
}

template <bare_coder_in Coder, class T>
void get_elements(Coder& coder, T& xs, std::size_t count) {
  using element = typename T::value_type;
  auto& in = coder.reader();
  reserve(xs, count);
  for (; count > 0 && !in.error(); --count) {
    auto size = in.rest().size();
    element x{};
    coder.get(x);
    xs.insert(xs.end(), std::move(x));
    in.end_element(size);
  }
}

template <bare_coder_in Coder, class T>
void get_list(Coder& coder, T& xs, std::size_t max = bare_reader::unbounded) {
  auto& in = coder.reader();
  xs.clear();
  auto count = in.begin_list(least_size<typename T::value_type>(), max);
  if (!count)
    return;
  if constexpr (is_copied<Coder, T>)
    copy_elements(in, xs, *count);
  else
    get_elements(coder, xs, *count);
  in.end_list();
}

/// Whether entries that follow each other may: they ascend, and only a
/// container that can have a key more than once may have two of the same.
template <class T>
bool is_in_order(bytes_view previous, bytes_view next) {
  return multi_container<T> ? !is_before(next, previous)
                            : is_before(previous, next);
}

/// @returns whether `xs` took it.
template <class T, class... Ts>
bool insert_entry(T& xs, Ts&&... parts) {
  if constexpr (multi_container<T>) {
    xs.emplace_hint(xs.end(), std::forward<Ts>(parts)...);
    return true;
  } else {
    return xs.emplace(std::forward<Ts>(parts)...).second;
  }
}

template <bare_coder_in Coder, class T>
bool get_entry(Coder& coder, T& xs, bytes_view& key) {
  auto& in = coder.reader();
  auto begin = in.rest();
  typename T::key_type x{};
  coder.get(x);
  key = begin.first(begin.size() - in.rest().size());
  if constexpr (map_container<T>) {
    typename T::mapped_type y{};
    coder.get(y);
    return in.error() || insert_entry(xs, std::move(x), std::move(y));
  } else {
    return in.error() || insert_entry(xs, std::move(x));
  }
}

template <bare_coder_in Coder, class T>
void get_entries(Coder& coder, T& xs) {
  auto& in = coder.reader();
  xs.clear();
  std::size_t least = least_size<typename T::key_type>();
  if constexpr (map_container<T>)
    least += least_size<typename T::mapped_type>();
  auto count = in.begin_list(least);
  if (!count)
    return;
  bytes_view previous;
  for (auto i = *count; i > 0 && !in.error(); --i) {
    auto begin = in.rest();
    bytes_view next;
    auto is_new = get_entry(coder, xs, next);
    in.end_element(begin.size());
    if (multi_container<T> && unordered_container<T>)
      next = begin.first(begin.size() - in.rest().size());
    if (!is_new || (i < *count && !is_in_order<T>(previous, next)))
      in.fail(bare_error::bad_order);
    previous = next;
  }
  in.end_list();
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
