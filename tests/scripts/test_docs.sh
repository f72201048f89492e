#!/usr/bin/env bash
# What the documents say about this repository is so: code that they show is that
# of the files, links lead somewhere, and files and members of classes that they name
# exist. Comments name members as documents do.
set -euo pipefail
# shellcheck source=tests/scripts/lib.sh
source "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/../.."

mapfile -t documents < <(find . -name node_modules -prune -o -name build -prune \
  -o -name .git -prune -o -name '*.md' -printf '%P\n' | sort)

# -- code ---------------------------------------------------------------------

# block DOCUMENT NUMBER: the text of the n-th block of C++.
block() {
  awk -v wanted="$2" '
    /^```cpp$/ { inside = ++number == wanted; next }
    /^```$/ { inside = 0 }
    inside' "$1"
}

# shows DOCUMENT NUMBER FILE [PART]: its n-th block of C++ is FILE, or a part.
shows() {
  local document=$1 number=$2 file=$3
  local shown whole
  shown=$(block "$document" "$number")
  whole=$(< "$file")
  if [[ -z $shown ]]; then
    complain "$document has no block of C++ number $number"
  elif [[ ${4-} == part && $whole == *"$shown"* ]]; then
    return
  elif [[ $whole != "$shown" ]]; then
    complain "$document: block of C++ number $number differs from $file"
  fi
}

shows README.md 1 examples/hello.cpp
shows CONTRIBUTING.md 1 actors/log/line_limit.hpp
shows CONTRIBUTING.md 2 actors/log/line_limit.cpp
shows CONTRIBUTING.md 3 tests/actors/log/test_line_limit.cpp part

# A page that is called as a program in tests/docs/ shows parts of it only: they
# are compiled, and run.
for program in tests/docs/*.cpp; do
  name=$(basename "$program" .cpp)
  page=docs/${name^^}.md
  for ((number = 1; number <= $(grep -c '^```cpp$' "$page"); ++number)); do
    shows "$page" "$number" "$program" part
  done
done

# -- examples -----------------------------------------------------------------

# Each is a page, is told of, and is run.
for program in examples/*.cpp; do
  name=$(basename "$program" .cpp)
  (($(wc -l < "$program") < 80)) || complain "$program has 80 lines or more"
  grep -q "(../examples/$name.cpp)" docs/GUIDE.md ||
    complain "docs/GUIDE.md does not name $program"
  grep -qw "$name" tests/CMakeLists.txt || complain "no test runs $program"
done

# -- links --------------------------------------------------------------------

# prose DOCUMENT: without blocks of code.
prose() { awk '/^ *```/ { inside = !inside; next } !inside' "$1"; }

# anchors DOCUMENT: those of its headings, as hosts of repositories make them.
anchors() {
  prose "$1" | sed -nE 's/^#+ +//p' | sed -E 's/\[([^]]*)\]\([^)]*\)/\1/g' |
    tr '[:upper:]' '[:lower:]' | sed -E 's/[^a-z0-9 _-]//g; s/ /-/g'
}

# check_link DOCUMENT TARGET: a file of this repository, a section, or both.
check_link() {
  local document=$1 target=$2
  local file=${target%%#*} anchor=
  if [[ $target == *'#'* ]]; then
    anchor=${target#*#}
  fi
  if [[ -z $file ]]; then
    file=$document
  else
    file=$(dirname "$document")/$file
  fi
  if [[ ! -e $file ]]; then
    complain "$document links to $target: there is no such file"
  elif [[ -n $anchor ]] && ! anchors "$file" | grep -qxF -- "$anchor"; then
    complain "$document links to $target: there is no such section"
  fi
}

for document in "${documents[@]}"; do
  while IFS= read -r target; do
    if [[ ! $target =~ ^[a-z]+: ]]; then
      check_link "$document" "$target"
    fi
  done < <(prose "$document" | tr '\n' ' ' | sed -E 's/`[^`]*`//g' |
    grep -oE '\]\([^) ]+\)' | sed -E 's/^\]\(//; s/\)$//')
done

# -- names of files -----------------------------------------------------------

# Names between backquotes that begin with a folder of this repository. An
# asterisk may stand for a part, and what is in build/ has to be made first.
folders='base|messages|protocol|actors|tools|examples|bench|tests|scripts|docs|cmake|\.ci'
for document in "${documents[@]}"; do
  while IFS= read -r name; do
    if ! compgen -G "$name" > /dev/null; then
      complain "$document names $name: there is no such file"
    fi
  done < <(prose "$document" | grep -oE '`[^`]+`' | tr -d '`' |
    grep -oE "^($folders)/[A-Za-z0-9_.*/-]*" | sort -u)
done

# -- names of members ---------------------------------------------------------

# `node_config::listen`, say: each header with such a class has to have the other
# word, too. Classes of others, and namespaces, are not looked up.
mapfile -t sources < <(find base messages protocol actors tools examples bench tests \
  -name node_modules -prune -o \( -name '*.hpp' -o -name '*.cpp' \) -print | sort)
declare -A headers_of=()
while IFS=: read -r header line; do
  headers_of[${line##* }]+=" $header"
done < <(grep -E '^ *(enum )?(class|struct) (NODE_PROXY_EXPORT )?[a-z_]+( [^;]*)?$' \
  --with-filename "${sources[@]}" | grep '\.hpp:' |
  sed -E 's/(:.*(class|struct) (NODE_PROXY_EXPORT )?[a-z_]+).*/\1/')
while IFS=: read -r file class _ member; do
  read -ra headers <<< "${headers_of[$class]-}"
  if ((${#headers[@]} > 0)) && ! grep -qw -- "$member" "${headers[@]}"; then
    complain "$file names $class::$member, which ${headers[*]} does not have"
  fi
done < <(grep -oE '`[a-z_]+::[a-z_0-9]+' --with-filename \
  "${documents[@]}" "${sources[@]}" | tr -d '`' | sort -u)

conclude "Code, links and names in ${#documents[@]} documents are right."
