// How many adverts of strangers a node looks at.

#pragma once

#include <cstddef>
#include <map>
#include <optional>

#include <node_proxy/base/atomic_lock.hpp>
#include <node_proxy/messages/transport_address.hpp>
#include <node_proxy/protocol/timestamp.hpp>
#include <node_proxy/protocol/token_bucket.hpp>
#include <node_proxy/protocol/wire/connection_source.hpp>

namespace node_proxy::internal {

/// Decides which adverts of strangers are checked, and kept then: to check one
/// takes longer than to send it, and what is kept goes to disk. Those from one
/// host have a part of it. All peers of a node share this, and it outlives
/// their connections. May be used in several threads.
class advert_budget {
public:
  /// At once, and each second.
  static constexpr double max = 200;
  static constexpr double rate = 10;

  /// The same of each host.
  static constexpr double max_of_source = 20;
  static constexpr double rate_of_source = 1;

  /// Of how many hosts it is known what they have used up. If there are more,
  /// all of them begin anew, within the bounds of all.
  static constexpr std::size_t max_sources = 4'096;

  /// @param from the host of the stranger, if it is known.
  /// @returns whether its advert may be checked.
  [[nodiscard]] bool take(const std::optional<ip_address>& from,
                          steady_time now);

private:
  atomic_lock lock_; // for what follows
  token_bucket all_{max, rate};
  std::map<connection_source, token_bucket> sources_;
};

} // namespace node_proxy::internal
