// node-proxy keygen: makes the identity of a node.

#include <memory>

#include <node_proxy/actors/key_file.hpp>
#include <node_proxy/base/hex.hpp>

#include "command.hpp"

namespace node_proxy::tools {

namespace {

int keygen(const std::string& out) {
  auto self = make_identity();
  if (auto saved = save_identity(out, self); !saved)
    return fail(saved.error().text);
  return print_line(to_hex(self.id().data));
}

} // namespace

command add_keygen(CLI::App& app) {
  auto* sub = app.add_subcommand(
    "keygen", "Make a new identity and print its node id in hexadecimal");
  auto out = std::make_shared<std::string>();
  sub
    ->add_option("--out", *out,
                 "Key file to create, with mode 0600; never overwritten")
    ->required()
    ->type_name("FILE");
  return {sub, [out] {
            return keygen(*out);
          }};
}

} // namespace node_proxy::tools
