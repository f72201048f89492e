#!/usr/bin/env bash
# The examples of docs/FORMATS.md are what the program node-proxy does.
set -euo pipefail
# shellcheck source=tests/scripts/lib.sh
source "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/../.."
document=$PWD/docs/FORMATS.md
tool=$NODE_PROXY_TOOL
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# same WHAT EXPECTED ACTUAL
same() {
  if [[ $2 != "$3" ]]; then
    complain "$1"
    diff <(echo "$2") <(echo "$3") || true
  fi
}

# block HEADING LANGUAGE: the first block of that language below the heading.
block() {
  awk -v heading="## $1" -v begin="\`\`\`$2" '
    /^## / { here = $0 == heading }
    here && $0 == begin { inside = 1; next }
    /^```$/ { if (inside) exit }
    inside' "$document"
}

# node_proxy ARGUMENT...: all that it prints, without its log.
node_proxy() { "$tool" --log off "$@" 2>&1 < /dev/null || true; }

# -- files --------------------------------------------------------------------

block 'Key files' text > bob.key
chmod 600 bob.key
same 'the size of a key file' 156 "$(stat -c %s bob.key)"
block 'Advert files' hex | tr -d '\n' | sed 's/../\\x&/g' > escaped
printf '%b' "$(< escaped)" > bob.advert
same 'what show prints' "$(block 'Advert files' json)" \
  "$(node_proxy show bob.advert)"

node_proxy keygen --out new.key > new.id
same 'the lines of a new key file' \
  "$(sed -E 's/[0-9a-f]{64}/HEX/' bob.key)" \
  "$(sed -E 's/[0-9a-f]{64}/HEX/' new.key)"
same 'the mode of a new key file' 600 "$(stat -c %a new.key)"
node_proxy advert --key bob.key --address tcp://192.0.2.1:4000 \
  --out new.advert
same 'a new advert' \
  "$(block 'Advert files' json | grep -vE '"(version|created|sig)"')" \
  "$(node_proxy show new.advert | grep -vE '"(version|created|sig)"')"
same 'the mode of a new advert' 644 "$(stat -c %a new.advert)"

# -- commands -----------------------------------------------------------------

# session COMMANDS-AND-OUTPUT: does the commands again.
session() {
  local line
  while IFS= read -r line; do
    if [[ $line == '$ node-proxy '* ]]; then
      echo "$line"
      local -a words
      read -ra words <<< "${line#'$ node-proxy '}"
      node_proxy "${words[@]}"
    fi
  done <<< "$1"
}

for heading in 'The state directory' \
  'Standard error and the exit status'; do
  shown=$(block "$heading" console)
  same "the commands of \"$heading\"" "$shown" "$(session "$shown")"
done

# -- a running node -----------------------------------------------------------

# It runs until it has printed a line for each that it was given.
typed=$(block 'What `run` reads' text | sed -n 's/^> //p')
printed=$(block 'What `run` reads' text | sed -n 's/^< //p')
mkfifo input
"$tool" --log off run --key bob.key --state state < input > output &
node=$!
exec 3> input
echo "$typed" >&3
count=$(wc -l <<< "$printed")
for ((i = 0; i < 300 && $(wc -l < output) < count; ++i)); do
  sleep 0.1
done
same 'the files of the state' \
  $'600 control\n600 state.db\n600 state.db-wal' \
  "$(cd state && stat -c '%a %n' *)"
same 'the mode of the state' 700 "$(stat -c %a state)"
kill -TERM "$node"
wait "$node" || complain "a node ends with status $?"
same 'what becomes of typed lines' "$printed" "$(sort -t: -k3 output)"

conclude 'The examples of docs/FORMATS.md are right.'
