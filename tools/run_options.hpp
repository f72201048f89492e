// The options of `node-proxy run`.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <node_proxy/actors/node_config.hpp>
#include <node_proxy/protocol/wire/address_range.hpp>

#include "engine_option.hpp"
#include "node_names.hpp"
#include "operator_access.hpp"
#include "worker_place.hpp"

namespace node_proxy::tools {

struct run_options {
  std::string key;
  std::vector<transport_address> listen;
  std::vector<transport_address> advertise;
  std::vector<std::string> peers;
  bool permanent = false;
  std::vector<engine_option> engines;
  std::vector<node_id> allow;
  std::vector<node_id> deny;
  std::vector<ip_range> dial_ranges;
  std::size_t max_peers = node_config{}.max_peers;
  std::string state;
  std::uint64_t idle_seconds = 60;
  std::size_t outbox_bytes = peer_settings{}.outbox_bytes;
  std::string control;
  std::vector<node_name> names;
  std::vector<http_address> http;
  bool http_public = false;
  // Read before, see `with_config_file`.
  std::string config;
  std::vector<worker_place> workers_at;
  bool trust_network = false;
};

/// Adds them all to the command line.
void add_options(CLI::App& sub, run_options& options);

/// Throws a `CLI::ValidationError` if options are wrong together.
void check_together(const run_options& options);

} // namespace node_proxy::tools
