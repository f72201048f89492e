# shellcheck shell=bash
# Shared by the rules; sourced with the arguments of the rule: the root of the
# tree to check, by default this repository.

cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}"

# source_files FOLDER...: our C++ files in those folders that exist.
source_files() {
  local folder
  for folder in "$@"; do
    if [[ -d $folder ]]; then
      find "$folder" -name node_modules -prune -o \
        -type f \( -name '*.hpp' -o -name '*.cpp' \) -print | sort
    fi
  done
}

all_folders=(base messages protocol actors tools examples bench tests)

# An awk function that returns the current line without comments. It knows
# that `//` may stand in a string, and nothing else of C++.
awk_code='
  function code(  text, result, at) {
    text = $0
    result = ""
    if (FNR == 1) in_comment = 0
    while (text != "") {
      if (in_comment) {
        at = index(text, "*/")
        if (at == 0) return result
        text = substr(text, at + 2)
        in_comment = 0
      } else if (match(text, /"([^"\\]|\\.)*"|\/\/|\/\*/)) {
        result = result substr(text, 1, RSTART - 1)
        if (substr(text, RSTART, 2) == "//") return result
        if (substr(text, RSTART, 2) == "/*") in_comment = 1
        else result = result substr(text, RSTART, RLENGTH)
        text = substr(text, RSTART + RLENGTH)
      } else {
        return result text
      }
    }
    return result
  }
  function fail(rule) {
    printf "%s:%d: %s\n", FILENAME, FNR, rule
    failed = 1
  }
  END { exit failed }
'

# each_line AWK_PROGRAM FILE...: fails if the program calls fail(rule).
each_line() {
  local program=$1
  shift
  if (($# > 0)); then
    awk "$awk_code $program" "$@"
  fi
}
