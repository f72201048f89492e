#!/usr/bin/env bash
# Every section of PROTOCOL.md that a comment cites is there under that title.
set -euo pipefail
# shellcheck source=tests/scripts/lib.sh
source "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/../.."

# A citation may be broken over two lines of a comment.
while IFS= read -r title; do
  grep -qxE "#+ $title" protocol/PROTOCOL.md ||
    complain "PROTOCOL.md has no section \"$title\""
done < <(find base messages protocol actors tools examples tests \
  -name node_modules -prune -o -type f -regex '.*\.\(hpp\|cpp\|bare\|mjs\|md\)' \
  -exec cat {} + |
  sed -E 's@^[[:space:]]*(///?|#)[[:space:]]*@@' | tr '\n' ' ' |
  grep -oE 'PROTOCOL\.md, ("[^"]*",? ?)+' | grep -oE '"[^"]*"' | tr -d '"' |
  sort -u)
conclude "All sections that are cited are there."
