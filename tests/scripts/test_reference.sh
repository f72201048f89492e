#!/usr/bin/env bash
# Doxygen understands the comments of all public headers.
set -euo pipefail
if ! command -v doxygen > /dev/null; then
  echo "there is no doxygen"
  exit 77
fi
"$(dirname "$0")/../../scripts/reference"
