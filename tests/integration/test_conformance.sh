#!/usr/bin/env bash
# A peer in JavaScript, written from protocol/PROTOCOL.md, agrees with its
# example, and finds that the program node-proxy keeps its rules. It needs
# Node.js and the packages of tests/conformance/package.json and is skipped
# (status 77) where they are missing, for tests do not install anything.
set -euo pipefail
cd "$(dirname "$0")/../conformance"

skip() {
  echo "skipped: $*"
  exit 77
}

command -v node > /dev/null || skip "there is no node"
node -e "process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)" ||
  skip "node $(node --version) is older than 20"
[[ -d node_modules/@bare-ts ]] ||
  skip "run npm install --no-package-lock in tests/conformance"
[[ -n ${NODE_PROXY_TOOL-} ]] || skip "NODE_PROXY_TOOL is not set"

node check_example.mjs
node check_tool.mjs
