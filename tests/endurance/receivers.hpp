// Nodes that receive, in a process of their own.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <node_proxy/messages/node_advert.hpp>

#include "integration/process.hpp"

namespace node_proxy::testing {

/// What an engine has counted.
struct received_amount {
  std::uint64_t messages = 0;
  /// Of the numbers of the messages.
  std::uint64_t sum = 0;
  /// Messages whose number was not above the one before.
  std::uint64_t disordered = 0;
};

/// Runs the program in receivers/, which says what the orders do.
class receivers {
public:
  explicit receivers(std::size_t nodes, std::chrono::milliseconds dead_limit);

  [[nodiscard]] const std::vector<node_advert>& adverts() const {
    return adverts_;
  }

  [[nodiscard]] process& program() { return process_; }

  void slow() { process_.write("slow\n"); }
  void fast() { process_.write("fast\n"); }

  /// In the order of the adverts.
  [[nodiscard]] std::vector<received_amount> count();

private:
  temporary_folder folder_;
  process process_;
  std::vector<node_advert> adverts_;
};

} // namespace node_proxy::testing
