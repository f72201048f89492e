// Reading of lists, sets and maps.

#pragma once

#include <cstddef>
#include <cstring>
#include <type_traits>
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

/// Makes room for what will be read, unless that is much more memory than the
/// octets justify: the count of elements is only a claim.
template <class T>
void reserve(T& xs, std::size_t count) {
  using element = typename T::value_type;
  constexpr std::size_t justified = 8;
  if constexpr (requires { xs.reserve(count); })
    if (sizeof(element) <= justified * min_size<element>())
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
  auto count = in.begin_list(min_size<typename T::value_type>(), max);
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

/// Where a hash table has many different keys in one place, somebody has chosen
/// them for that: each one more would be compared with all of them.
template <hash_table T>
bool is_crowded(const T& xs, const typename T::key_type& key) {
  constexpr std::size_t max_together = 128;
  if (xs.size() < max_together || xs.find(key) != xs.end())
    return false;
  auto key_of = [](const auto& entry) -> const typename T::key_type& {
    if constexpr (map_container<T>)
      return entry.first;
    else
      return entry;
  };
  auto place = xs.bucket(key);
  const typename T::key_type* last = nullptr;
  std::size_t together = 0;
  for (auto i = xs.begin(place); i != xs.end(place) && together < max_together;
       ++i) {
    const auto& next = key_of(*i);
    if (!last || !xs.key_eq()(*last, next))
      ++together;
    last = &next;
  }
  return together == max_together;
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
  if constexpr (hash_table<T>)
    if (!in.error() && is_crowded(xs, x))
      in.fail(bare_error::bad_value);
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
  std::size_t min = min_size<typename T::key_type>();
  if constexpr (map_container<T>)
    min += min_size<typename T::mapped_type>();
  auto count = in.begin_list(min);
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

} // namespace node_proxy::detail
