// Somebody without a key who connects to a node and writes octets.

#pragma once

#include "network.hpp"

namespace simulation {

class raw_client : public stream_user {
public:
  /// Connects to `to`.
  raw_client(network& net, const node& to) : net_(net) {
    constexpr owner_id stranger = 1'000'000;
    net.dial(*this, stranger, to.address(),
             [this](std::optional<connection_id> id) { id_ = id; });
    net.run_until([this] { return id_.has_value(); }, 1s);
  }

  void write(bytes data) { net_.write(*id_, *this, std::move(data)); }

  /// How many octets came back.
  [[nodiscard]] std::size_t received() const { return received_; }

  [[nodiscard]] bool closed() const { return closed_; }

  void handle_accepted(connection_id) override {}
  void handle_data(connection_id, bytes_view data) override {
    received_ += data.size();
  }
  void handle_written(connection_id, std::size_t) override {}
  void handle_closed(connection_id, close_reason) override { closed_ = true; }

private:
  network& net_;
  std::optional<connection_id> id_;
  std::size_t received_ = 0;
  bool closed_ = false;
};

} // namespace simulation
