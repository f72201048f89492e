#!/usr/bin/env bash
# The manual page and the completion for bash have all commands and options that
# --help has. What man itself says of the page is left out where it is missing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
  echo "FAILED: $*"
  exit 1
}

"$NODE_PROXY_TOOL" help man > "$folder/node-proxy.1"
"$NODE_PROXY_TOOL" help bash > "$folder/completion"
page=$(sed 's/\\-/-/g' "$folder/node-proxy.1")
# shellcheck source=/dev/null
source "$folder/completion"

# completed WORD...: what bash would offer for the last of them.
completed() {
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
  _node_proxy
  printf '%s\n' "${COMPREPLY[@]}"
}

# options TEXT: those that a help text has.
options() { grep -oE -- '^ +(-[a-zA-Z],)?--[a-z-]+' <<< "$1" | grep -oE -- '--[a-z-]+'; }

general=$("$NODE_PROXY_TOOL" --help)
commands=$(awk '/^Subcommands:/ { inside = 1; next } inside && /^  [a-z]/ { print $1 }' <<< "$general")
(($(wc -w <<< "$commands") >= 14)) || fail "--help has few commands: $commands"
for command in $commands; do
  grep -q "^\.SS $command" <<< "$page" || fail "the page lacks $command"
  completed node-proxy "${command:0:2}" | grep -qx "$command" ||
    fail "$command is not completed"
  help=$("$NODE_PROXY_TOOL" "$command" --help)
  section=$(awk -v begin=".SS $command" 'index($0, ".SS ") == 1 || index($0, ".SH ") == 1 {
      inside = index($0 " ", begin " ") == 1 } inside' <<< "$page")
  for option in $(options "$help"); do
    completed node-proxy "$command" "$option" | grep -qx -- "$option" ||
      fail "$option of $command is not completed"
    [[ $option == --help ]] || grep -qF -- "$option" <<< "$section" ||
      fail "the page lacks $option of $command"
  done
done
[[ $(options "$general" | wc -l) -ge 3 ]] || fail "--help has few options"
for option in $(options "$general"); do
  [[ $option == --help ]] || grep -qF -- "$option" <<< "$page" ||
    fail "the page lacks $option"
  completed node-proxy "$option" | grep -qx -- "$option" ||
    fail "$option is not completed"
done
touch "$folder/some.key"
cd "$folder"
[[ $(completed node-proxy run --key some) == some.key ]] ||
  fail "files are not completed"
[[ -z $(completed node-proxy run --idle so) ]] ||
  fail "a file is offered where a number is expected"

if command -v man > /dev/null && command -v groff > /dev/null; then
  said=$(LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -l node-proxy.1 2>&1 > /dev/null)
  [[ -z $said ]] || fail "man complains: $said"
fi
if command -v lexgrog > /dev/null; then
  lexgrog node-proxy.1 | grep -qF 'node-proxy - ' ||
    fail "lexgrog finds no name"
fi
echo "The manual page and the completion have everything."
