#!/usr/bin/env bash
# The dashboard and the alerts of docs/operating/ ask for what a node shows, and
# the alerts say what they are to say. The latter needs promtool: it is skipped
# (status 77) where that is missing, for tests do not install anything.
set -euo pipefail
cd "$(dirname "$0")/../.."
source=$PWD
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

"$NODE_PROXY_TOOL" keygen --out "$folder/key" > /dev/null
mkfifo "$folder/in"
"$NODE_PROXY_TOOL" run --key "$folder/key" --http 127.0.0.1:0 \
  < "$folder/in" > /dev/null 2> "$folder/errors" &
node=$!
exec 9> "$folder/in"
end=$((SECONDS + 30))
until grep -q 'HTTP at' "$folder/errors"; do
  ((SECONDS < end)) || fail "the node does not begin"
  sleep 0.1
done
port=$(sed -n 's/.*HTTP at http:[^ ]*:\([0-9]*\).*/\1/p' "$folder/errors")
exec 8<> "/dev/tcp/127.0.0.1/$port"
printf 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n' >&8
timeout 30 cat <&8 > "$folder/metrics"
shown=$(sed -n 's/^# TYPE \([^ ]*\) .*/\1/p' "$folder/metrics")
[[ -n $shown ]] || fail "the node shows no metrics"

# asks_for FILE: the names of metrics in it.
asks_for() { grep -oE 'node_proxy_[a-z_]+' "$1" | sort -u; }

for file in docs/operating/dashboard.json docs/operating/alerts.yml; do
  names=$(asks_for "$file")
  (($(wc -l <<< "$names") >= 6)) || fail "$file asks for little"
  missing=$(comm -23 <(echo "$names") <(sort -u <<< "$shown"))
  [[ -z $missing ]] || fail "$file asks for what no node shows: $missing"
done
python=$(command -v python3 || true)
if [[ -n $python ]]; then
  "$python" -m json.tool docs/operating/dashboard.json > /dev/null ||
    fail "the dashboard is no JSON"
fi

if ! command -v promtool > /dev/null; then
  echo "skipped: there is no promtool"
  exit 77
fi
promtool check metrics < <(sed '1,/^\r$/d' "$folder/metrics") ||
  fail "promtool does not like the metrics"
cp "$source/docs/operating/alerts.yml" tests/integration/alerts_test.yml "$folder"
cd "$folder"
promtool check rules alerts.yml > /dev/null || fail "the alerts are no rules"
promtool test rules alerts_test.yml || fail "the alerts say something else"
# Each query of the dashboard is one that Prometheus understands.
n=0
{
  echo 'groups: [{name: all, rules: ['
  sed -n 's/^ *"expr": \(".*"\),\?$/\1/p' "$source/docs/operating/dashboard.json" |
    sed 's/[$]__rate_interval/5m/g' |
    while IFS= read -r query; do
      echo "{record: x$((++n)), expr: $query},"
    done
  echo ']}]'
} > queries.yml
promtool check rules queries.yml > "$folder/said" ||
  fail "a query of the dashboard is wrong: $(< "$folder/said")"
echo "The dashboard and the alerts ask for what a node shows."
