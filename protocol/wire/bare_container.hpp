// Containers, of whatever library, by what can be done with them.

#pragma once

#include <concepts>
#include <cstddef>
#include <utility>

namespace node_proxy::detail {

/// A container. Nothing is asked of its elements, whose type may not be
/// complete yet.
template <class T>
concept container = requires(T x, const T& y) {
  typename T::value_type;
  x.clear();
  y.begin() != y.end();
  { y.size() } -> std::convertible_to<std::size_t>;
};

template <class T>
concept keyed_container = container<T> && requires {
  typename T::key_type;
};

template <class T>
concept map_container = keyed_container<T> && requires {
  typename T::mapped_type;
};

/// A container that says in which order its elements are, if in any.
template <class T>
concept unordered_container = keyed_container<T> && requires {
  typename T::hasher;
};

/// One that shows where it has its elements.
template <class T>
concept hash_table =
  unordered_container<T> && requires(const T& x, typename T::key_type key) {
  x.begin(x.bucket(key)) != x.end(x.bucket(key));
  x.key_eq()(key, key);
};

/// A container that can have a key more than once.
template <class T>
concept multi_container =
  keyed_container<T> && requires(T x, typename T::value_type y) {
  { x.insert(std::move(y)) } -> std::same_as<typename T::iterator>;
};

} // namespace node_proxy::detail
