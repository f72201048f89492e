#!/usr/bin/env bash
# The files of docs/operating/ that run a node as a service: its options and its
# unit. What systemd itself says of the unit is left out where it is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$(mktemp -d)
node=

clean_up() {
  [[ -z $node ]] || kill "$node" 2> /dev/null || true
  wait 2> /dev/null || true
  rm -rf "$folder"
}
trap clean_up EXIT

fail() {
  echo "FAILED: $*"
  exit 1
}

# -- the options --------------------------------------------------------------

"$NODE_PROXY_TOOL" keygen --out "$folder/node.key" > "$folder/id"
sed -e "s#/var/lib/node-proxy#$folder#" -e 's/:4000"$/:0"/' -e 's/:9100/:0/' \
  -e 's/^# advertise/advertise/' \
  docs/operating/node-proxy.toml > "$folder/node-proxy.toml"
mkfifo "$folder/in"
"$NODE_PROXY_TOOL" run --config "$folder/node-proxy.toml" \
  < "$folder/in" > "$folder/out" 2> "$folder/errors" &
node=$!
exec 9> "$folder/in"
end=$((SECONDS + 30))
until "$NODE_PROXY_TOOL" status --json --control "$folder/state" \
  > "$folder/status" 2> /dev/null; do
  kill -0 "$node" || fail "it does not run: $(< "$folder/errors")"
  ((SECONDS < end)) || fail "the node does not begin"
  sleep 0.1
done
for text in "$(< "$folder/id")" 'tcp://203.0.113.7:4000' '"inbox"' '"totals"' \
  '"max":1000'; do
  grep -qF -- "$text" "$folder/status" || fail "the file does not say $text"
done
grep -q 'HTTP at' "$folder/errors" || fail "the file does not say where HTTP is"
kill "$node"
wait "$node" || fail "the node ends with an error"
node=

# -- the unit -----------------------------------------------------------------

unit=docs/operating/node-proxy.service
grep -q '^ExecStart=/usr/bin/node-proxy run --config ' "$unit" ||
  fail "the unit runs something else"
grep -q '^Type=notify$' "$unit" || fail "the unit waits for no READY=1"
# Threads that work on handshakes call it; the last line about it counts. A call
# that is left out ends the process, unless there is an error for it.
grep '^SystemCallFilter=' "$unit" | tail -n 1 | grep -qw sched_setscheduler ||
  fail "the unit ends a node that works on a handshake"
grep -q '^SystemCallErrorNumber=EPERM$' "$unit" ||
  fail "the unit ends a node for a call that could fail"
if command -v systemd-analyze > /dev/null; then
  sed "s#/usr/bin/node-proxy#$NODE_PROXY_TOOL#" "$unit" \
    > "$folder/node-proxy.service"
  systemd-analyze verify --man=no "$folder/node-proxy.service" \
    2> "$folder/said" || fail "the unit is wrong: $(< "$folder/said")"
  # Only about the unit itself: others of this host may be wrong.
  ! grep -F node-proxy.service "$folder/said" || fail "the unit is wrong"
  systemd-analyze security --offline=true --threshold=20 \
    "$folder/node-proxy.service" > "$folder/said" ||
    fail "the unit is open to attacks: $(tail -n 1 "$folder/said")"
fi
echo "A node runs as the files of docs/operating/ have it."
