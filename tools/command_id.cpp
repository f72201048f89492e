// node-proxy id: whose key file it is.

#include <memory>

#include <node_proxy/actors/key_file.hpp>
#include <node_proxy/base/hex.hpp>

#include "command.hpp"

namespace node_proxy::tools {

namespace {

int id(const std::string& file) {
  auto self = load_identity(file);
  if (!self)
    return fail(self.error().text);
  return print_line(to_hex(self->id().data));
}

} // namespace

command add_id(CLI::App& app) {
  auto* sub =
    app.add_subcommand("id", "Print the node id of a key file in hexadecimal");
  auto file = std::make_shared<std::string>();
  sub->add_option("FILE", *file, "Key file")->required()->type_name("");
  return {sub, [file] {
            return id(*file);
          }};
}

} // namespace node_proxy::tools
