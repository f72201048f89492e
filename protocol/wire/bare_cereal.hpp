// The functions for Cereal that a class of a user's has, in one of the ways
// that Cereal knows: members or not, one function or two, with a version or
// without.

#pragma once

#include <cstdint>

#include <cereal/cereal.hpp>

namespace node_proxy::detail {

/// Which functions of a class an archive calls.
enum class cereal_way {
  none,
  member_serialize,
  member_serialize_version,
  free_serialize,
  free_serialize_version,
  member_pair,
  member_pair_version,
  free_pair,
  free_pair_version,
  member_minimal,
  member_minimal_version,
  free_minimal,
  free_minimal_version,
};

/// Whether Cereal would call functions of this kind: `Has` says that they are
/// there, `IsChosen` that `cereal::specialize` names them.
template <class T, class Archive, template <class, class> class Has,
          template <class, class> class IsChosen>
inline constexpr bool
  is_usable = Has<T, Archive>::value
              && (!cereal::traits::is_specialized<T, Archive>::value
                  || IsChosen<T, Archive>::value);

template <class T, class Out>
constexpr cereal_way way_of_minimal() {
  using namespace cereal::traits;
  if constexpr (is_usable<T, Out, has_member_save_minimal,
                          is_specialized_member_save_minimal>)
    return cereal_way::member_minimal;
  else if constexpr (is_usable<T, Out, has_member_versioned_save_minimal,
                               is_specialized_member_save_minimal>)
    return cereal_way::member_minimal_version;
  else if constexpr (is_usable<T, Out, has_non_member_save_minimal,
                               is_specialized_non_member_save_minimal>)
    return cereal_way::free_minimal;
  else if constexpr (is_usable<T, Out, has_non_member_versioned_save_minimal,
                               is_specialized_non_member_save_minimal>)
    return cereal_way::free_minimal_version;
  else
    return cereal_way::none;
}

template <class T, class Out>
constexpr cereal_way way_of_pair() {
  using namespace cereal::traits;
  if constexpr (is_usable<T, Out, has_member_save, is_specialized_member_save>)
    return cereal_way::member_pair;
  else if constexpr (is_usable<T, Out, has_member_versioned_save,
                               is_specialized_member_save>)
    return cereal_way::member_pair_version;
  else if constexpr (is_usable<T, Out, has_non_member_save,
                               is_specialized_non_member_save>)
    return cereal_way::free_pair;
  else if constexpr (is_usable<T, Out, has_non_member_versioned_save,
                               is_specialized_non_member_save>)
    return cereal_way::free_pair_version;
  else
    return way_of_minimal<T, Out>();
}

/// @tparam Out the archive that saves; who loads goes the same way.
template <class T, class Out>
constexpr cereal_way way_of() {
  using namespace cereal::traits;
  if constexpr (is_usable<T, Out, has_member_serialize,
                          is_specialized_member_serialize>)
    return cereal_way::member_serialize;
  else if constexpr (is_usable<T, Out, has_member_versioned_serialize,
                               is_specialized_member_serialize>)
    return cereal_way::member_serialize_version;
  else if constexpr (is_usable<T, Out, has_non_member_serialize,
                               is_specialized_non_member_serialize>)
    return cereal_way::free_serialize;
  else if constexpr (is_usable<T, Out, has_non_member_versioned_serialize,
                               is_specialized_non_member_serialize>)
    return cereal_way::free_serialize_version;
  else
    return way_of_pair<T, Out>();
}

constexpr bool is_member(cereal_way way) {
  return way == cereal_way::member_serialize
         || way == cereal_way::member_serialize_version
         || way == cereal_way::member_pair
         || way == cereal_way::member_pair_version
         || way == cereal_way::member_minimal
         || way == cereal_way::member_minimal_version;
}

constexpr bool has_version(cereal_way way) {
  return way == cereal_way::member_serialize_version
         || way == cereal_way::free_serialize_version
         || way == cereal_way::member_pair_version
         || way == cereal_way::free_pair_version
         || way == cereal_way::member_minimal_version
         || way == cereal_way::free_minimal_version;
}

} // namespace node_proxy::detail
