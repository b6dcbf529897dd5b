"""The console's files: pages, caching, policy, and that no path leads outside of the build."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path
from typing import Any

import pytest
from tests.api.conftest import Answer, _asgi

from volant.api.console import Console, first_parts


@pytest.fixture
def built(tmp_path: Path) -> Path:
    place = tmp_path / "_console"
    (place / "assets").mkdir(parents=True)
    (place / "index.html").write_text("<!doctype html><title>Volant</title>")
    (place / "favicon.svg").write_text("<svg/>")
    (place / "assets" / "index-abc.js").write_text("export {}")
    (tmp_path / "secret.txt").write_text("secret")
    return place


def _get(api: Any, built: Path, path: str, method: str = "GET", **headers: str) -> Answer:
    console = Console(api.inner, first_parts(api.inner), built)
    return asyncio.run(_asgi(console, method, path, {"authorization": f"Bearer {api.root}", **headers}, [b""]))


def test_every_address_that_no_route_has_is_a_page(api: Any, built: Path) -> None:
    for path in ("/", "/models", "/invite/abc", "/settings/people/usr_1", "/index.html", "/" + "x" * 300):
        answer = _get(api, built, path)
        assert (answer.status, answer.body[:9]) == (200, b"<!doctype"), path
        assert answer.headers["cache-control"] == "no-cache"
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy


def test_hashed_files_are_kept_for_a_year_and_others_for_an_hour(api: Any, built: Path) -> None:
    script = _get(api, built, "/assets/index-abc.js")
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.headers["x-content-type-options"] == "nosniff"
    assert _get(api, built, "/favicon.svg").headers["content-type"] == "image/svg+xml"
    assert _get(api, built, "/favicon.svg").headers["cache-control"] == "public, max-age=3600"


def test_a_browser_that_takes_gzip_gets_it_and_no_other(api: Any, built: Path) -> None:
    (built / "assets" / "index-abc.js.gz").write_bytes(gzip.compress(b"export {}"))
    small = _get(api, built, "/assets/index-abc.js", **{"accept-encoding": "gzip, deflate"})
    assert gzip.decompress(small.body) == b"export {}"
    assert (small.headers["content-encoding"], small.headers["vary"]) == ("gzip", "accept-encoding")
    assert small.headers["content-type"].startswith("text/javascript")
    plain = _get(api, built, "/assets/index-abc.js")
    assert plain.body == b"export {}"
    assert "content-encoding" not in plain.headers


def test_a_file_of_an_older_build_is_missing_and_no_page(api: Any, built: Path) -> None:
    gone = _get(api, built, "/assets/index-old.js")
    assert gone.status == 404
    assert b"<!doctype" not in gone.body


@pytest.mark.parametrize("path", ["/../secret.txt", "/assets/../../secret.txt", "//secret.txt", "/..\\secret.txt"])
def test_no_path_leads_outside(api: Any, built: Path, path: str) -> None:
    assert b"secret" not in _get(api, built, path).body


def test_a_link_out_of_the_build_is_not_followed(api: Any, built: Path) -> None:
    (built / "assets" / "link.txt").symlink_to(built.parent / "secret.txt")
    assert _get(api, built, "/assets/link.txt").status == 404


def test_the_api_stays_the_apis(api: Any, built: Path) -> None:
    for path, code in (("/api/v1/nope", "route_unknown"), ("/v1/nope", None), ("/internal/nope", "route_unknown")):
        answer = _get(api, built, path)
        assert answer.status == 404
        assert code is None or answer.json()["error"]["code"] == code
    assert _get(api, built, "/healthz").json() == {"status": "ok"}
    assert _get(api, built, "/models", "POST").status in (404, 405)  # only what is read is a page


def test_without_a_build_the_page_says_what_to_do(api: Any, tmp_path: Path) -> None:
    answer = _get(api, tmp_path / "nothing", "/")
    assert answer.status == 503
    assert b"make console" in answer.body
    assert _get(api, tmp_path / "nothing", "/healthz").status == 200
