#!/usr/bin/env bash
# What the page of `run --http` shows in a browser. It needs Chromium and is
# skipped (status 77) where that is missing, for tests do not install anything.
set -euo pipefail
if ! command -v chromium > /dev/null; then
  echo "skipped: there is no chromium"
  exit 77
fi
folder=$(mktemp -d)
processes=()

clean_up() {
  kill "${processes[@]}" 2> /dev/null || true
  wait 2> /dev/null || true
  # The browser has processes of its own, which write for a moment more.
  until_true rm -rf "$folder" 2> /dev/null
}
trap clean_up EXIT

fail() {
  echo "FAILED: $*"
  exit 1
}

# until_true COMMAND...: asks again until it is so, for half a minute at most.
until_true() {
  local end=$((SECONDS + 30))
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}

# start NAME OPTION...: a node whose key is that of NAME. It ends with this
# script, when nobody has its standard input open any more.
start() {
  local name=$1
  shift
  mkfifo "$folder/$name.in"
  "$NODE_PROXY_TOOL" run --key "$folder/$name.key" "$@" \
    < "$folder/$name.in" > "$folder/$name.out" 2> "$folder/$name.err" &
  processes+=($!)
}

# tell METHOD PARAMETERS: has the browser do something, by its own protocol.
# `answer` is what it says.
tell() {
  local id=$((++told)) session=${session_id:+,\"sessionId\":\"$session_id\"}
  printf '%s\0' "{\"id\":$id,\"method\":\"$1\",\"params\":$2$session}" >&5
  while IFS= read -r -t 30 -d '' answer <&6; do
    [[ $answer == "{\"id\":$id,"* ]] && return
  done
  fail "the browser does not answer to $1"
}

# part NAME: what the answer has under a name.
part() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" <<< "$answer"; }

# open_page: has a browser show the page, from now on.
open_page() {
  mkfifo "$folder/browser.in" "$folder/browser.out"
  chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
    --disable-background-networking --disable-component-update --disable-sync \
    --user-data-dir="$folder/browser" --enable-logging=stderr \
    --remote-debugging-pipe 3< "$folder/browser.in" 4> "$folder/browser.out" \
    2> "$folder/browser.err" &
  processes+=($!)
  exec 5> "$folder/browser.in" 6< "$folder/browser.out"
  told=0 session_id=
  tell Target.createTarget '{"url":"about:blank"}'
  tell Target.attachToTarget "{\"flatten\":true,\"targetId\":\"$(part targetId)\"}"
  session_id=$(part sessionId)
  [[ -n $session_id ]] || fail "the browser has no page: $answer"
  tell Page.navigate "{\"url\":\"$address\"}"
}

# page: what the page is now, and what its script complains of.
page() {
  tell Runtime.evaluate \
    '{"expression":"document.documentElement.outerHTML","returnByValue":true}'
  printf '%s\n' "$answer" > "$folder/page"
  if grep CONSOLE "$folder/browser.err"; then
    fail "the script of the page complains"
  fi
}

# shows TEXT: the page has it in it.
shows() {
  page
  grep -F -- "$1" "$folder/page" > /dev/null
}

for name in alice bob; do
  "$NODE_PROXY_TOOL" keygen --out "$folder/$name.key" > /dev/null
done
bob=$("$NODE_PROXY_TOOL" id "$folder/bob.key")
start bob --listen tcp://127.0.0.1:0
exec 8> "$folder/bob.in"
until_true grep -s '"listening"' "$folder/bob.out" > /dev/null ||
  fail "bob does not listen"
where=$(sed -n 's/.*"listening".*\(tcp:[^"]*\)".*/\1/p' "$folder/bob.out")
"$NODE_PROXY_TOOL" advert --key "$folder/bob.key" --address "$where" \
  --out "$folder/bob.advert" > /dev/null
start alice --peer "$folder/bob.advert" --permanent --http 127.0.0.1:0 \
  --name "<i>bob</i>=$bob" --engine '<script>=count'
exec 9> "$folder/alice.in"
until_true grep -s 'HTTP at' "$folder/alice.err" > /dev/null ||
  fail "alice has no page"
address=$(sed -n 's/.*HTTP at \(http[^ ]*\).*/\1/p' "$folder/alice.err")

open_page
until_true shows 'connected for' || fail "a connected peer is not shown"
for text in "${bob:0:12}" '&lt;i&gt;bob&lt;/i&gt;' '&lt;script&gt;'; do
  shows "$text" || fail "the page does not show $text"
done
kill "${processes[0]}"
until_true shows 'connection refused' ||
  fail "it is not shown that a peer is gone, and why"
kill "${processes[1]}"
until_true shows 'The node does not answer' ||
  fail "it is not shown that the node is gone"
echo "The page shows what there is, and text of others as text."
