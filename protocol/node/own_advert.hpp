// The advert of this node, and its versions.

#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include <node_proxy/messages/node_advert.hpp>
#include <node_proxy/protocol/timestamp.hpp>
#include <node_proxy/protocol/wire/advert.hpp>

namespace node_proxy::internal {

/// Why this node has no newer advert.
enum class issue_error : std::uint8_t {
  /// There is one of the highest version, which no other can follow.
  no_version_left,
  /// There are too many addresses, or one that no advert can name.
  bad_addresses,
};

/// What this node says of itself. Each advert has a higher version than the
/// last one, be it of an earlier process.
class own_advert {
public:
  /// @param version of the last one, 0 = none.
  own_advert(std::shared_ptr<const identity> self, std::uint64_t version)
    : self_(std::move(self)), version_(version) {}

  /// This node can be reached there. Errors: why there is no such advert; the
  /// one that is there stays.
  /// @param min_version what the version is at least.
  [[nodiscard]] expected<void, issue_error>
  handle_addresses(std::vector<weighted_address> addresses,
                   std::uint64_t min_version, timestamp now) {
    addresses_ = std::move(addresses);
    return issue(min_version, version_, now);
  }

  /// Somebody knows one of that version, which is not the present one.
  /// Errors: why there is no newer one.
  /// @returns whether there is a newer one now.
  [[nodiscard]] expected<bool, issue_error>
  handle_overtaken(std::uint64_t version, timestamp now) {
    if (present_ && version < version_)
      return false;
    if (auto ok = issue(0, version, now); !ok)
      return unexpected{ok.error()};
    return true;
  }

  /// Nothing before there are addresses.
  [[nodiscard]] const std::shared_ptr<const node_advert>& present() const {
    return present_;
  }

  /// The version of the present one, 0 = none.
  [[nodiscard]] std::uint64_t version() const {
    return present_ ? present_->version : 0;
  }

private:
  // One with a higher version than `last`.
  expected<void, issue_error> issue(std::uint64_t min_version,
                                    std::uint64_t last, timestamp now) {
    if (last == std::numeric_limits<std::uint64_t>::max())
      return unexpected{issue_error::no_version_left};
    node_advert advert;
    advert.addrs = addresses_;
    advert.version = std::max(min_version, last + 1);
    advert.created = now.minute();
    if (auto ok = sign_advert(*self_, advert); !ok)
      return unexpected{issue_error::bad_addresses};
    version_ = advert.version;
    present_ = std::make_shared<const node_advert>(std::move(advert));
    return {};
  }

  std::shared_ptr<const identity> self_;
  std::vector<weighted_address> addresses_;
  std::uint64_t version_;
  std::shared_ptr<const node_advert> present_;
};

} // namespace node_proxy::internal
