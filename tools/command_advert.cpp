// node-proxy advert: says where a node can be reached, signed by the node.

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include <node_proxy/actors/advert_file.hpp>
#include <node_proxy/actors/key_file.hpp>
#include <node_proxy/base/hex.hpp>
#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/timestamp.hpp>
#include <node_proxy/protocol/wire/advert.hpp>

#include "command.hpp"
#include "options.hpp"
#include "reachable_address.hpp"

namespace node_proxy::tools {

using namespace internal;

namespace {

struct advert_options {
  std::string key;
  std::vector<transport_address> addresses;
  std::string out;
};

/// The version that a new advert of `self` in the file `out` needs. What is in
/// the way and no advert of this node is an error: it is not overwritten.
tl::expected<std::uint64_t, std::string>
next_version(const identity& self, const std::string& out, std::uint64_t now) {
  auto present = load_advert(out);
  if (!present) {
    if (present.error().code == file_errc::not_found)
      return now;
    return tl::unexpected{present.error().text + "; it is not overwritten"};
  }
  if (present->id != self.id())
    return tl::unexpected{"advert file " + out + " is that of another node, "
                          + to_hex(present->id.data)
                          + "; it is not overwritten"};
  if (present->version == UINT64_MAX)
    return tl::unexpected{"advert file " + out
                          + " has the highest version that there is, which no "
                            "other advert of this node can replace; expected a "
                            "node with a new key"};
  return std::max(now, present->version + 1);
}

int advert(const advert_options& options) {
  auto self = load_identity(options.key);
  if (!self)
    return fail(self.error().text);
  auto now = std::chrono::system_clock::now();
  auto unix_time =
    std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch())
      .count();
  auto version =
    next_version(*self, options.out, static_cast<std::uint64_t>(unix_time));
  if (!version)
    return fail(version.error());
  node_advert result;
  result.addrs = best_first(options.addresses);
  result.version = *version;
  constexpr std::chrono::sys_days origin{std::chrono::January / 1 / 2024};
  result.created =
    timestamp{{}, std::chrono::floor<std::chrono::seconds>(now - origin)}
      .minute();
  if (auto done = sign_advert(*self, result); !done)
    return fail("the advert cannot be signed: "
                + std::string{to_string(done.error())});
  if (auto saved = save_advert(options.out, result); !saved)
    return fail(saved.error().text);
  return exit_ok;
}

} // namespace

command add_advert(CLI::App& app) {
  auto* sub = app.add_subcommand(
    "advert", "Write a signed advert: where a node can be reached");
  auto options = std::make_shared<advert_options>();
  sub->add_option("--key", options->key, "Key file of the node")
    ->required()
    ->type_name("FILE");
  add_parsed_option(*sub, "--address", options->addresses, parse_reachable,
                    "Where the node listens; several times for several, the "
                    "best one first")
    ->required()
    ->expected(1, static_cast<int>(limits::advert_addresses))
    ->type_name("tcp://HOST:PORT");
  sub
    ->add_option("--out", options->out,
                 "Advert file to write. An advert of the same node that is "
                 "there gets a successor with a higher version")
    ->required()
    ->type_name("FILE");
  return {sub, [options] {
            return advert(*options);
          }};
}

} // namespace node_proxy::tools
