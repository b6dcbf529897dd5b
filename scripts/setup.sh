#!/usr/bin/env bash
# Makes the environment: scripts/setup.sh [core|full]   (VENV: where; PYTHON: which interpreter; VOLANT_TORCH: a wheel,
# a folder of wheels or an index of CPU builds of torch). Does nothing when nothing changed.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:-full}
venv=${VENV:-.venv}
torch_version=$(sed -n 's/^torch==//p' constraints.txt)

say() { printf '\033[1m[setup]\033[0m %s\n' "$*"; }

find_python() {
  for candidate in "${PYTHON:-}" python3.11 python3.12 python3.13 python3; do
    [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "setup: no Python 3.11 or newer found. Install one (Debian: apt-get install python3 python3-venv) or set PYTHON." >&2
  exit 1
}

stamp="$kind $(cat pyproject.toml constraints.txt scripts/setup.sh | cksum) ${VOLANT_TORCH:-}"
if [ -f "$venv/.stamp" ] && [ "$(cat "$venv/.stamp")" = "$stamp" ]; then
  exit 0
fi

python=$(find_python)
say "environment $venv with $("$python" --version), kind: $kind (a few minutes the first time)"
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
pip() { "$venv/bin/python" -m pip --disable-pip-version-check "$@"; }

if [ "$kind" = core ]; then
  say "installing the core: gateway, traces, control (no torch)"
  pip install -q --no-compile -c constraints.txt -e .
  # Small on purpose (at most 150 MB): no bytecode ahead of time, no build tools, no test suite of numpy's own.
  pip uninstall -q -y setuptools 2>/dev/null || true
  site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  find "$site/numpy" -type d -name tests -prune -exec rm -rf {} +
  find "$site" -type d -name __pycache__ -prune -exec rm -rf {} +
else
  if ! "$venv/bin/python" -c 'import torch' 2>/dev/null; then
    if [ -n "${VOLANT_TORCH:-}" ]; then
      say "torch $torch_version from VOLANT_TORCH=$VOLANT_TORCH"
      case "$VOLANT_TORCH" in
        *.whl) pip install -q -c constraints.txt "$VOLANT_TORCH" ;;
        http*) pip install -q -c constraints.txt --index-url "$VOLANT_TORCH" "torch==$torch_version" ;;
        *) pip install -q -c constraints.txt --find-links "$VOLANT_TORCH" "torch==$torch_version" ;;
      esac
    else
      offered=$(pip install --dry-run --no-deps --ignore-installed -q --report - "torch==$torch_version" 2>/dev/null |
        "$venv/bin/python" -c 'import json, sys; print(json.load(sys.stdin)["install"][0]["download_info"]["url"].rsplit("/", 1)[-1])' || true)
      case "$offered" in
        *cpu* | *macosx*) say "torch: pip offers a CPU build ($offered)" ;;
        *) say "torch: pip offers no CPU build here ($offered), so this may fetch several GB for GPUs." \
          "To avoid that, set VOLANT_TORCH to a CPU wheel, a folder of wheels or an index of CPU builds." ;;
      esac
      pip install -q -c constraints.txt "torch==$torch_version"
    fi
  fi
  say "installing Volant with every extra and the developers' tools"
  pip install -q -c constraints.txt -e '.[all,story,dev,docs]'
fi
printf '%s' "$stamp" > "$venv/.stamp"
say "done: $venv ($(du -sm "$venv" | cut -f1) MB)"
