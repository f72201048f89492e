// node-proxy help: the manual page and the completion of a shell, made of the
// same as --help.

#include <algorithm>
#include <memory>

#include "command.hpp"

namespace node_proxy::tools {

namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  auto shown = [](const CLI::App* x) {
    return !x->get_group().empty();
  };
  return app.get_subcommands(shown);
}

/// Those with a name that begins with `--`, or with one place on the line.
std::vector<const CLI::Option*> options_of(const CLI::App& app) {
  auto shown = [](const CLI::Option* x) {
    return !x->get_group().empty();
  };
  return app.get_options(shown);
}

bool takes_value(const CLI::Option& x) {
  return x.get_items_expected_max() > 0;
}

// -- the manual page ----------------------------------------------------------

/// Text as groff takes it.
std::string escaped(std::string_view text) {
  std::string result;
  for (auto c : text) {
    auto at_begin = result.empty() || result.back() == '\n';
    if (at_begin && (c == '.' || c == '\''))
      result += "\\&";
    if (c == '\\')
      result += "\\e";
    else if (c == '-')
      result += "\\-";
    else if (c == '\'')
      result += "\\(aq";
    else
      result += c;
  }
  return result;
}

std::string with_stop(const std::string& text) {
  return text.empty() || text.ends_with('.') ? text : text + '.';
}

std::string names_of(const CLI::Option& x) {
  if (x.get_positional())
    return "\\fI" + escaped(x.get_name(true)) + "\\fR";
  std::string result;
  for (const auto& name : x.get_snames())
    result += "\\fB" + escaped("-" + name) + "\\fR, ";
  for (const auto& name : x.get_lnames())
    result += "\\fB" + escaped("--" + name) + "\\fR, ";
  result.resize(result.size() - 2);
  if (takes_value(x))
    result += " \\fI" + escaped(x.get_type_name()) + "\\fR";
  return result;
}

void add_options(std::string& page, const CLI::App& app) {
  for (const auto* x : options_of(app)) {
    if (x == app.get_help_ptr())
      continue;
    page += ".TP\n" + names_of(*x) + "\n";
    page += escaped(with_stop(x->get_description())) + "\n";
    if (x->get_required())
      page += "Required.\n";
    if (!x->get_default_str().empty())
      page += escaped("The default is " + x->get_default_str() + ".") + "\n";
  }
}

void add_command(std::string& page, const CLI::App& app) {
  page += ".SS " + escaped(app.get_name());
  for (const auto* x : options_of(app))
    if (x->get_positional())
      page += " \\fI" + escaped(x->get_name(true)) + "\\fR";
  page += "\n" + escaped(with_stop(app.get_description())) + "\n";
  if (!app.get_footer().empty())
    page += ".PP\n" + escaped(app.get_footer()) + "\n";
  add_options(page, app);
}

std::string manual_page(const CLI::App& app) {
  std::string page{".TH NODE\\-PROXY 1 \"\" \"node\\-proxy " NODE_PROXY_VERSION
                   "\" \"User Commands\"\n"
                   ".SH NAME\n"
                   "node\\-proxy \\- send messages to nodes that are known by "
                   "their keys\n"
                   ".SH SYNOPSIS\n"
                   ".B node\\-proxy\n"
                   "[\\fIOPTION\\fR]... \\fICOMMAND\\fR [\\fIOPTION\\fR]...\n"
                   ".SH DESCRIPTION\n"};
  page += escaped(app.get_description()) + "\n.SH OPTIONS\n";
  page += "These go with every command.\n";
  add_options(page, app);
  page += ".SH COMMANDS\n";
  for (const auto* x : commands_of(app))
    add_command(page, *x);
  page += ".SH EXIT STATUS\n"
          ".TP\n0\nAll went well.\n"
          ".TP\n1\nSomething went wrong, as standard error says.\n"
          ".TP\n2\nThe command line, or the configuration file, is wrong.\n";
  return page;
}

// -- completion ---------------------------------------------------------------

bool is_file(const CLI::Option& x) {
  auto type = x.get_type_name();
  return type == "FILE" || type == "PATH" || type == "DIR";
}

std::string joined(const std::vector<std::string>& words) {
  std::string result;
  for (const auto& x : words)
    result += (result.empty() ? "" : " ") + x;
  return result;
}

/// Names of options of an app and of all commands for which `wanted` holds.
template <class F>
std::string option_names(const CLI::App& app, F wanted) {
  std::vector<std::string> result;
  for (const auto* where : {&app, app.get_parent()})
    if (where)
      for (const auto* x : options_of(*where))
        if (wanted(*x))
          for (const auto& name : x->get_lnames())
            if (std::ranges::find(result, "--" + name) == result.end())
              result.push_back("--" + name);
  return joined(result);
}

std::string case_of(const CLI::App& app, const std::string& pattern) {
  auto files = option_names(
    app, [](const auto& x) { return takes_value(x) && is_file(x); });
  auto others = option_names(
    app, [](const auto& x) { return takes_value(x) && !is_file(x); });
  return "  " + pattern + ")\n    options='"
         + option_names(app, [](const auto&) { return true; })
         + "'\n    files='" + files + "'\n    others='" + others + "' ;;\n";
}

std::string completion(const CLI::App& app) {
  std::vector<std::string> names;
  std::string cases;
  for (const auto* x : commands_of(app)) {
    names.push_back(x->get_name());
    cases += case_of(*x, x->get_name());
  }
  auto commands = joined(names);
  return R"(# Completion of node-proxy for bash.
_node_proxy() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
  local command='' commands=')"
         + commands + R"(' options files others i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; ++i)); do
    if [[ " $commands " == *" ${COMP_WORDS[i]} "* ]]; then
      command=${COMP_WORDS[i]}
      break
    fi
  done
  case $command in
)" + case_of(app, "''")
         + cases + R"(  esac
  if [[ " $others " == *" $before "* ]]; then
    return
  fi
  if [[ $word == -* && " $files " != *" $before "* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
  elif [[ -z $command && " $files " != *" $before "* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  fi
}
complete -o filenames -F _node_proxy node-proxy
)";
}

} // namespace

command add_help(CLI::App& app) {
  auto* sub = app.add_subcommand(
    "help", "Print the manual page, or the completion for bash");
  // For those who make packages.
  sub->group("");
  auto kind = std::make_shared<std::string>();
  sub->add_option("man|bash", *kind)
    ->required()
    ->check(CLI::IsMember({"man", "bash"}));
  return {sub, [&app, kind] {
            auto text = *kind == "man" ? manual_page(app) : completion(app);
            // The line end comes with the last line.
            text.pop_back();
            return print_line(text);
          }};
}

} // namespace node_proxy::tools
