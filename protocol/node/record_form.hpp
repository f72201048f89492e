// What is remembered of a peer, as it goes from one process of a node to
// another.

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <node_proxy/messages/identities.hpp>
#include <node_proxy/messages/transport_address.hpp>
#include <node_proxy/messages/transport_prefs.hpp>
#include <node_proxy/protocol/peer/peer_record.hpp>
#include <node_proxy/protocol/timestamp.hpp>
#include <node_proxy/protocol/wire/control.hpp>
#include <node_proxy/protocol/wire/hello.hpp>

namespace node_proxy::internal {

/// A `peer_record` without what is this process's alone. Times are how long ago
/// something was, as clocks differ; no parts of messages go along: these are
/// dropped, and come again.
struct record_form {
  struct range {
    std::uint64_t first = 0;
    std::uint64_t end = 0;
    std::uint64_t cost = 0;
    bool partly_sent = false;

    template <class Archive>
    void serialize(Archive& archive) {
      archive(CEREAL_NVP(first), CEREAL_NVP(end), CEREAL_NVP(cost),
              CEREAL_NVP(partly_sent));
    }
  };

  struct outgoing {
    engine_name target;
    transport_ordering ordering = transport_ordering::ordered;
    std::vector<range> ended;

    template <class Archive>
    void serialize(Archive& archive) {
      archive(CEREAL_NVP(target), CEREAL_NVP(ordering), CEREAL_NVP(ended));
    }
  };

  struct run {
    std::uint64_t first = 0;
    std::uint64_t count = 0;

    template <class Archive>
    void serialize(Archive& archive) {
      archive(CEREAL_NVP(first), CEREAL_NVP(count));
    }
  };

  struct unfinished {
    std::uint64_t first = 0;
    std::uint64_t announced = 0;
    std::vector<run> numbers;

    template <class Archive>
    void serialize(Archive& archive) {
      archive(CEREAL_NVP(first), CEREAL_NVP(announced), CEREAL_NVP(numbers));
    }
  };

  struct incoming {
    engine_name target;
    transport_ordering ordering = transport_ordering::ordered;
    std::vector<control::reject> rejects;
    std::optional<unfinished> part;

    template <class Archive>
    void serialize(Archive& archive) {
      archive(CEREAL_NVP(target), CEREAL_NVP(ordering), CEREAL_NVP(rejects),
              CEREAL_NVP(part));
    }
  };

  struct inbox {
    std::uint64_t epoch = 0;
    std::uint64_t next = 0;
    std::vector<incoming> channels;
    bool used = false;

    template <class Archive>
    void serialize(Archive& archive) {
      archive(CEREAL_NVP(epoch), CEREAL_NVP(next), CEREAL_NVP(channels),
              CEREAL_NVP(used));
    }
  };

  std::uint64_t epoch = 0;
  std::uint64_t out_next = 0;
  std::optional<std::uint64_t> known_to;
  std::vector<outgoing> out_channels;
  std::optional<inbox> in;
  std::optional<connection_digest> last_established;
  /// Nanoseconds. How old the peer's epoch is, and how long it is not to be
  /// dialled; see `dial_pace`.
  std::uint64_t remote_epoch_age = 0;
  std::uint64_t dial_wait = 0;
  std::uint64_t dial_ceiling = 0;
  bool finished = false;
  std::optional<ip_address> called_from;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(epoch), CEREAL_NVP(out_next), CEREAL_NVP(known_to),
            CEREAL_NVP(out_channels), CEREAL_NVP(in),
            CEREAL_NVP(last_established), CEREAL_NVP(remote_epoch_age),
            CEREAL_NVP(dial_wait), CEREAL_NVP(dial_ceiling),
            CEREAL_NVP(finished), CEREAL_NVP(called_from));
  }
};

[[nodiscard]] record_form form_of(const peer_record& x, steady_time now);

/// The opposite, in another process, when it is `now` there.
[[nodiscard]] peer_record record_of(const record_form& x, steady_time now);

} // namespace node_proxy::internal
