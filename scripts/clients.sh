#!/usr/bin/env bash
# Installs the vendors' npm clients that tests/clients drive. Does nothing when nothing changed, and nothing but say so
# without Node: those tests then skip by name. VOLANT_STRICT=1: without Node it fails.
set -euo pipefail
cd "$(dirname "$0")/../tests/clients/node"

say() { printf '\033[1m[clients]\033[0m %s\n' "$*"; }

if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
  say "there is no Node here: the npm clients are not installed, and their tests skip. Install Node 20.19 or newer"
  [ "${VOLANT_STRICT:-}" != 1 ] || exit 1
  exit 0
fi
lock=$(cksum < package-lock.json)
if [ ! -f node_modules/.volant-lock ] || [ "$(cat node_modules/.volant-lock)" != "$lock" ]; then
  say "installing the vendors' npm clients (tests/clients/node/package-lock.json)"
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
  printf '%s' "$lock" > node_modules/.volant-lock
fi
