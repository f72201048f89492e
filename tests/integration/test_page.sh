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

# matches PATTERN: the same for an extended regular expression.
matches() {
  page
  grep -E -- "$1" "$folder/page" > /dev/null
}

# source_of PATH: what the browser gets.
source_of() {
  local place=${address#http://}
  place=${place%/}
  exec 3<> "/dev/tcp/${place%:*}/${place#*:}"
  printf 'GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$1" "$place" >&3
  cat <&3
  exec 3>&-
}

for name in alice bob carol; do
  "$NODE_PROXY_TOOL" keygen --out "$folder/$name.key" > /dev/null
done
alice=$("$NODE_PROXY_TOOL" id "$folder/alice.key")
bob=$("$NODE_PROXY_TOOL" id "$folder/bob.key")
carol=$("$NODE_PROXY_TOOL" id "$folder/carol.key")
start bob --listen tcp://127.0.0.1:0
exec 8> "$folder/bob.in"
start carol --listen tcp://127.0.0.1:0 --deny "$alice"
exec 7> "$folder/carol.in"
for name in bob carol; do
  until_true grep -s '"listening"' "$folder/$name.out" > /dev/null ||
    fail "$name does not listen"
  where=$(sed -n 's/.*"listening".*\(tcp:[^"]*\)".*/\1/p' "$folder/$name.out")
  "$NODE_PROXY_TOOL" advert --key "$folder/$name.key" --address "$where" \
    --out "$folder/$name.advert" > /dev/null
done
# Nobody reads what Alice prints, so that her engine `journal` gets stuck.
mkfifo "$folder/alice.out"
exec 4<> "$folder/alice.out"
start alice --peer "$folder/bob.advert" --peer "$folder/carol.advert" \
  --permanent --max-peers 1 --http 127.0.0.1:0 --name "<i>bob</i>=$bob" \
  --name "carol=$carol" --engine '<script>=count' --engine journal=print
exec 9> "$folder/alice.in"
until_true grep -s 'HTTP at' "$folder/alice.err" > /dev/null ||
  fail "alice has no page"
address=$(sed -n 's/.*HTTP at \(http[^ ]*\).*/\1/p' "$folder/alice.err")

source_of / > "$folder/source"
grep '>Loading<' "$folder/source" > /dev/null ||
  fail "it is not said that there is nothing yet"

open_page
until_true shows 'connected for' || fail "a connected peer is not shown"
for text in "${bob:0:12}" '&lt;i&gt;bob&lt;/i&gt;' '&lt;script&gt;' \
  'near: peers 100 %' 'none of 3 is behind'; do
  until_true shows "$text" || fail "the page does not show $text"
done
time='[0-9]{2}:[0-9]{2}:[0-9]{2}'
matches "since $time, dialled at tcp://127.0.0.1:" ||
  fail "it is not shown since when a peer is connected"
matches "$time (UTC|GMT|[A-Z]+)" || fail "it is not shown when that was"
# Who is not there, why, and what to do about it.
until_true shows '1 of 2 connected; not: carol (denied)' ||
  fail "the summary does not tell who is not connected"
shows "ask its operator to allow ${alice:0:12}" ||
  fail "it is not shown what to do about a refusal"
shows '>permanent<' || shows 'permanent\u003C' ||
  fail "it is not shown which connections are kept up"
if shows '(permanent)'; then
  fail "a refusal seems to be permanent"
fi

# An engine that takes nothing, and whose messages it holds up.
line=$(head -c 1000 /dev/zero | tr '\0' x)
for ((i = 0; i < 3000; ++i)); do
  echo "send $alice journal $line"
done >&8
until_true shows '1 of 3 behind: journal (' ||
  fail "the summary does not tell which engine is behind"
until_true matches 'has taken nothing for [0-9]+ s or more; who sends' ||
  fail "it is not shown that an engine takes nothing"
matches 'journal \([0-9,]+ messages, oldest [0-9]+ s: from &lt;i&gt;bob' ||
  fail "it is not shown whose messages wait, and for how long"
matches '[0-9,]+ messages of it held up by engine journal here' ||
  fail "it is not shown at a peer that an engine holds it up"
cat <&4 > /dev/null &
processes+=($!)
until_true shows 'none of 3 is behind' ||
  fail "it is not shown that an engine has caught up"
until_true matches 'in all 3,000 / 0' || fail "messages are not counted"

kill "${processes[0]}"
until_true shows 'connection refused' ||
  fail "it is not shown that a peer is gone, and why"
for text in 'Nothing listens there. Is &lt;i&gt;bob&lt;/i&gt; running' \
  '0 of 2 connected; not: '; do
  until_true shows "$text" || fail "the page does not show $text"
done
until_true matches "&lt;i&gt;bob&lt;/i&gt;: connect failed, connection refused, tcp.*[2-9] times since $time" ||
  fail "events that repeat are not told in one line"
kill "${processes[2]}"
until_true matches "No answer since $time" ||
  fail "it is not shown that the node is gone"
echo "The page shows what there is, and text of others as text."
