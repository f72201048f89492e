#!/usr/bin/env bash
# Whoever writes both `using namespace caf` and `using namespace node_proxy` can
# use every public name of ours without saying which one is meant, but for those
# that docs/GUIDE.md names. $NODE_PROXY_BUILD is where this project was built.
set -euo pipefail
# shellcheck source=tests/scripts/lib.sh
source "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/../.."
if ! command -v clang++ > /dev/null; then
  echo "clang++ is missing, which lists names"
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# What both have, in the order of the alphabet.
documented="duration ip_address node_id policy timestamp"

flags=(-std=c++20 -fsyntax-only "-I$NODE_PROXY_BUILD/include")
caf=$(cached CAF_INCLUDE_DIR)
[[ -z $caf || $caf == /usr/include ]] || flags+=(-isystem "$caf")

sed 's/.*/#include <node_proxy\/&>/' cmake/public_headers.txt \
  > "$folder/headers.hpp"
# All names of the namespace that our own headers declare, whatever they name.
clang++ "${flags[@]}" -Xclang -ast-list -x c++ "$folder/headers.hpp" |
  sed -nE 's/^node_proxy::([a-z_][a-z0-9_]*)$/\1/p' | sort -u |
  grep -vxE 'detail|internal' > "$folder/names"
count=$(wc -l < "$folder/names")
# There are some hundred: that none clashes is to be news.
if ((count < 100)); then
  echo "FAILED: only $count public names were found"
  exit 1
fi

# A using-declaration looks a name up as a user's code does.
{
  cat "$folder/headers.hpp"
  echo '#include <caf/all.hpp>'
  echo '#include <caf/io/all.hpp>'
  echo 'namespace user {'
  echo 'using namespace caf;'
  echo 'using namespace node_proxy;'
  echo '}'
  echo 'namespace names {'
  sed 's/.*/using user::&;/' "$folder/names"
  echo '}'
} > "$folder/user.cpp"
clang++ "${flags[@]}" -ferror-limit=0 "$folder/user.cpp" 2> "$folder/errors" ||
  true
clashing="(reference to|a type named) '([^']*)' is (ambiguous|hidden by .*)"
clashes=$(sed -nE "s/.*error: $clashing/\2/p" "$folder/errors" |
  sort -u | tr '\n' ' ' | sed 's/ $//')
if [[ $clashes != "$documented" ]]; then
  echo "FAILED: ambiguous beside CAF's are '$clashes', not '$documented'"
  exit 1
fi
others=$(grep 'error:' "$folder/errors" |
  grep -vE "error: ($clashing|using declaration cannot refer to a namespace)" ||
  true)
if [[ -n $others ]]; then
  echo "FAILED: $others"
  exit 1
fi
said=$(grep -A 1 'CAF has these names, too' docs/GUIDE.md)
for name in $documented; do
  if [[ $said != *"\`$name\`"* ]]; then
    echo "FAILED: docs/GUIDE.md does not say that CAF has a name $name"
    exit 1
  fi
done
echo "Of $count public names, CAF has these, too: $clashes"
