#include "support/transfer_options.hpp"

#include <algorithm>

namespace bench {

namespace {

/// Within the largest message that nodes take by default.
constexpr std::size_t largest_size = 15u << 20;

constexpr std::size_t batch_bytes = 128u << 10;
constexpr std::size_t max_batch = 512;

constexpr std::size_t outstanding_bytes = 1u << 20;
constexpr std::size_t min_outstanding = 4;

} // namespace

std::size_t batch_for(std::size_t size) {
  return std::clamp<std::size_t>(batch_bytes / size, 1, max_batch);
}

std::size_t outstanding_for(std::size_t size, std::size_t max) {
  return std::clamp(outstanding_bytes / size, min_outstanding, max);
}

void add_transfer_options(CLI::App& app, transfer_options& options,
                          const std::vector<std::string>& modes) {
  options.mode = modes.front();
  app.add_option("--mode", options.mode, "What is measured")
    ->check(CLI::IsMember(modes))
    ->capture_default_str();
  app.add_option("--size", options.size, "Bytes in a message")
    ->check(CLI::Range(std::size_t{1}, largest_size))
    ->capture_default_str();
  app.add_option("--seconds", options.seconds, "How long to measure")
    ->check(CLI::PositiveNumber)
    ->capture_default_str();
}

} // namespace bench
