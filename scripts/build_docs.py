"""Build the docs site into build/site, strictly: a warning ends the build. Nothing in it comes from elsewhere.

    python scripts/build_docs.py

The builder's offline search names a script on another host for pages that are opened from a folder; ours takes its
place (docs/javascripts/folder-search.js). Exit code 1 when the build fails or a page still fetches from elsewhere.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "build" / "site"
SHIM = re.compile(r"<script\b[^>]*https://[^>]*iframe-worker[^>]*></script>")
ELSEWHERE = re.compile(
    r"<(?:script|img|iframe|source|video|link(?![^>]*canonical))\b[^>]*(?:src|href)=[\"']?https?://[^>]*>"
)


def main() -> int:
    """Exit code 0: build/site is whole."""
    command = [str(Path(sys.executable).parent / "zensical"), "build", "--strict", "--clean"]
    plain = os.environ | {"NO_COLOR": "1"}
    done = subprocess.run(command, check=False, cwd=ROOT, env=plain, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout + done.stderr.partition("Traceback")[0], file=sys.stderr)
        return 1
    foreign = []
    pages = sorted(SITE.rglob("*.html"))
    for page in pages:
        to = "../" * (len(page.relative_to(SITE).parts) - 1)
        text = SHIM.sub(f'<script src="{to}javascripts/folder-search.js"></script>', page.read_text(encoding="utf-8"))
        page.write_text(text, encoding="utf-8")
        foreign += [f"{page.relative_to(SITE)}: {found}" for found in ELSEWHERE.findall(text)]
    for one in foreign:
        print(f"fetches from elsewhere: {one}", file=sys.stderr)
    print(f"built {SITE.relative_to(ROOT)}: {len(pages)} pages. Open {SITE / 'index.html'}")
    return 1 if foreign else 0


if __name__ == "__main__":
    sys.exit(main())
