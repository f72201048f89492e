// What becomes of a peer that an operator wants disconnected or forgotten.

#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <node_proxy/messages/field.hpp>

namespace node_proxy {

enum class parting_result : std::uint8_t {
  ok,
  /// Nothing is known of that node, or it is this one.
  unknown,
  /// Its connection is to be kept up, so that it would come back at once.
  permanent,
  /// Forgetting it would lose messages, or it is about to connect.
  under_way,
};

template <>
inline constexpr std::array<std::string_view, 4> enum_names<parting_result>{
  "ok", "unknown", "permanent", "under_way"};

/// The answer to `disconnect_node` and `forget_node`.
struct node_parting {
  parting_result result = parting_result::ok;
  /// Messages for the peer that have not been taken there. If it was only
  /// disconnected, they connect it again.
  std::uint64_t waiting = 0;
  /// Messages of the peer that engines here have not taken.
  std::uint64_t untaken = 0;
  /// What is forgotten: where it is, that it was to be kept connected, and
  /// which messages were exchanged with it.
  bool advert = false;
  bool permanence = false;
  bool record = false;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(result), CEREAL_NVP(waiting), CEREAL_NVP(untaken),
            CEREAL_NVP(advert), CEREAL_NVP(permanence), CEREAL_NVP(record));
  }

  friend bool operator==(const node_parting&, const node_parting&) = default;
};

} // namespace node_proxy
