#!/usr/bin/env bash
# Builds the console into src/volant/_console. Does nothing when nothing changed, and nothing but say so without Node:
# everything else works without the console. VOLANT_STRICT=1: without Node it fails.
set -euo pipefail
cd "$(dirname "$0")/.."
built=src/volant/_console

say() { printf '\033[1m[console]\033[0m %s\n' "$*"; }

without() {
  say "$1: the console is not built. Everything else works; the API and \`volant --help\` do what it does." \
    "For the console install Node 20.19 or newer (nodejs.org, or your system's packages), then: make console"
  [ "${VOLANT_STRICT:-}" != 1 ] || exit 1
  exit 0
}

sources() { # every file that the build reads, in a stable order
  find console scripts/console.sh -type f \
    -not -path '*/node_modules/*' -not -path '*/.tanstack/*' -not -name routeTree.gen.ts | LC_ALL=C sort
}

stamp=$(sources | xargs -d '\n' cksum | cksum)
if [ -f "$built/.stamp" ] && [ "$(cat "$built/.stamp")" = "$stamp" ] && [ -d console/node_modules ]; then
  exit 0
fi
command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 || without "there is no Node here"
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
  without "Node $(node --version) is too old"

lock=$(cksum < console/package-lock.json)
if [ ! -f console/node_modules/.volant-lock ] || [ "$(cat console/node_modules/.volant-lock)" != "$lock" ]; then
  say "installing its packages (console/package-lock.json)"
  (cd console && npm ci --no-audit --no-fund --loglevel=error)
  printf '%s' "$lock" > console/node_modules/.volant-lock
fi
say "building"
(cd console && npm run --silent build -- --logLevel warn && npm run --silent compress)
printf '%s' "$stamp" > "$built/.stamp"
say "done: $built ($(du -sk "$built" | cut -f1) kB); \`volant up\` serves it at its address"
