#include "run_options.hpp"

#include <set>
#include <string_view>

#include <node_proxy/messages/limits.hpp>

#include "options.hpp"
#include "reachable_address.hpp"

namespace node_proxy::tools {

namespace {

/// Who the node is, and where.
void add_node_options(CLI::App& sub, run_options& options) {
  sub
    .add_option("--config", options.config,
                "Read further options from this file: each line KEY = VALUE "
                "is the option --KEY VALUE")
    ->configurable(false)
    ->type_name("FILE");
  sub.add_option("--key", options.key, "Key file of the node")
    ->required()
    ->type_name("FILE");
  add_parsed_option(sub, "--listen", options.listen, parse_listen_address,
                    "Accept connections there; port 0 for any port. Without it "
                    "the node only calls others")
    ->type_name("tcp://IP:PORT");
  add_parsed_option(sub, "--advertise", options.advertise, parse_reachable,
                    "Have peers connect there, if it is not where the node "
                    "listens; several times for several, the best one first")
    ->expected(1, static_cast<int>(limits::advert_addresses))
    ->type_name("tcp://HOST:PORT");
}

/// Whom it calls, and what it does with messages.
void add_work_options(CLI::App& sub, run_options& options) {
  sub.add_option("--peer", options.peers, "Know the node of this advert file")
    ->allow_extra_args(false)
    ->type_name("FILE");
  sub.add_flag("--permanent", options.permanent,
               "Connect to all these peers at once and for ever");
  add_parsed_option(sub, "--engine", options.engines, parse_engine,
                    "Have an engine of this name: 'print' reports each "
                    "message, 'echo' sends each back, 'count' reports totals "
                    "each second, 'save:FOLDER' makes a file of each")
    ->type_name("NAME=KIND");
}

/// Who may be a peer.
void add_admission_options(CLI::App& sub, run_options& options) {
  add_parsed_option(sub, "--allow", options.allow, parse_node_id,
                    "Let only nodes that are named in this way connect")
    ->type_name("NODE_ID");
  add_parsed_option(sub, "--deny", options.deny, parse_node_id,
                    "Do not let this node connect")
    ->type_name("NODE_ID");
  add_parsed_option(sub, "--dial-range", options.dial_ranges, parse_ip_range,
                    "Dial peers in this range, too, that say that they are "
                    "there; without it only on the Internet, where they were "
                    "met, and where the file of --peer says")
    ->type_name("IP/BITS");
  sub
    .add_option("--max-peers", options.max_peers,
                "Most peers that may be connected at once")
    ->check(whole_number(1, 1'000'000))
    ->capture_default_str()
    ->type_name("N");
}

/// Where it keeps what it knows, and shows it.
void add_operator_options(CLI::App& sub, run_options& options) {
  // By the name that is given to no file.
  CLI::Validator nonempty{[](const std::string& text) {
                            return text.empty() ? "expected a name"
                                                : std::string{};
                          },
                          ""};
  sub
    .add_option("--state", options.state,
                "Keep there what is to survive a restart: adverts, and which "
                "peers are permanent")
    ->check(nonempty)
    ->type_name("DIR");
  sub
    .add_option("--control", options.control,
                "Answer `status` and other commands at this socket; with "
                "--state it is 'control' in that directory")
    ->check(nonempty)
    ->type_name("PATH");
  add_parsed_option(sub, "--http", options.http, parse_http_address,
                    "Show status and metrics over HTTP there, port 0 for any; "
                    "an address of this host alone, such as 127.0.0.1:9100")
    ->type_name("IP:PORT");
  sub.add_flag("--http-public", options.http_public,
               "Let --http listen at any address: whoever reaches it sees "
               "everything, without any key");
}

/// Which other processes serve its peers.
void add_worker_options(CLI::App& sub, run_options& options) {
  add_parsed_option(sub, "--workers-at", options.workers_at, parse_worker_place,
                    "Let `worker` processes serve peers of this node, which "
                    "join there; port 0 for any port. What goes there is not "
                    "encrypted")
    ->expected(1)
    ->type_name("IP:PORT");
  sub.add_flag("--workers-trusted-network", options.trust_network,
               "Let --workers-at listen at any address: whoever reaches it "
               "may act as this node");
}

/// What goes for each peer.
void add_peer_options(CLI::App& sub, run_options& options) {
  add_parsed_option(sub, "--name", options.names, parse_node_name,
                    "Show this name for a node")
    ->type_name("NAME=NODE_ID");
  sub
    .add_option("--idle", options.idle_seconds,
                "Close a connection after so many seconds without a message, "
                "if it is not permanent")
    ->check(whole_number(1, 86'400))
    ->capture_default_str()
    ->type_name("SECONDS");
  sub
    .add_option("--outbox-bytes", options.outbox_bytes,
                "How many bytes of messages may wait for one peer")
    ->check(whole_number(1'024, std::uint64_t{1} << 40))
    ->capture_default_str()
    ->type_name("N");
}

} // namespace

void add_options(CLI::App& sub, run_options& options) {
  add_node_options(sub, options);
  add_work_options(sub, options);
  add_admission_options(sub, options);
  add_operator_options(sub, options);
  add_worker_options(sub, options);
  add_peer_options(sub, options);
}

void check_together(const run_options& options) {
  std::set<std::string_view> engines;
  for (const auto& x : options.engines)
    if (!engines.insert(x.name).second)
      throw CLI::ValidationError{"--engine", "there are two of the name '"
                                               + x.name
                                               + "': expected one of each"};
  for (const auto& x : options.http)
    if (!x.loopback && !options.http_public)
      throw CLI::ValidationError{
        "--http", "HTTP at " + x.ip
                    + " would be for everybody who reaches that address, "
                      "without any key: expected one of the loopback, or "
                      "--http-public"};
  for (const auto& x : options.workers_at)
    if (!x.loopback && !options.trust_network)
      throw CLI::ValidationError{
        "--workers-at",
        "workers at " + x.text()
          + " would be joined over a network, without encryption and without "
            "any key: expected an address of this host alone, such as "
            "127.0.0.1:9200, or --workers-trusted-network"};
}

} // namespace node_proxy::tools
