#!/usr/bin/env bash
# Each program that has a node includes actors/node.hpp, and pays for all that this
# one includes: few of our headers, so what only some need is declared there, and
# included by them.
set -euo pipefail
cd "$(dirname "$0")/../.."

most=40

# included_by HEADER: those of ours that it names, as paths in this repository.
included_by() {
  sed -nE 's|^ *# *include +<node_proxy/([^>]+)>.*|\1|p' "$1"
}

declare -A reached=()
next=(actors/node.hpp)
while ((${#next[@]} > 0)); do
  header=${next[-1]}
  unset 'next[-1]'
  if [[ ! -v reached[$header] ]]; then
    reached[$header]=1
    mapfile -t -O "${#next[@]}" next < <(included_by "$header")
  fi
done

if ((${#reached[@]} > most)); then
  printf '%s\n' "${!reached[@]}" | sort
  echo "FAILED: actors/node.hpp reaches ${#reached[@]} headers of ours: at most" \
    "$most are allowed"
  exit 1
fi
echo "actors/node.hpp reaches ${#reached[@]} headers of ours, at most $most."
