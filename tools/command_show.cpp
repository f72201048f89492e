// node-proxy show: what an advert says.

#include <memory>

#include <node_proxy/actors/advert_file.hpp>

#include "advert_json.hpp"
#include "command.hpp"

namespace node_proxy::tools {

namespace {

int show(const std::string& file) {
  auto advert = load_advert(file);
  if (!advert)
    return fail(advert.error().text);
  return print_line(to_json(*advert));
}

} // namespace

command add_show(CLI::App& app) {
  auto* sub = app.add_subcommand(
    "show", "Check the signature of an advert and print it as JSON");
  auto file = std::make_shared<std::string>();
  sub->add_option("FILE", *file, "Advert file")->required()->type_name("");
  return {sub, [file] {
            return show(*file);
          }};
}

} // namespace node_proxy::tools
