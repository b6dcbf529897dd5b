"""Over its ceiling, a data directory takes no more imports; everything else goes on, and /readyz says why."""

from __future__ import annotations

from typing import Any

from volant.lifecycle import ceiling


def test_an_import_over_the_ceiling_is_refused_before_its_files_are_read(make_api: Any) -> None:
    api = make_api()
    marker = api.context.data_dir / ceiling.MARKER
    marker.parent.mkdir(exist_ok=True)
    marker.write_text("100 MiB used, 101% of the 99 MiB allowed")
    (marker.parent / "near-ceiling").write_text("100 MiB used, 101% of the 99 MiB allowed")
    refused = api.call("POST", "/api/v1/datasets/import", chunks=[b"x" * 100])
    assert (refused.status, refused.json()["error"]["code"]) == (507, "disk_ceiling")
    assert api.call("POST", "/api/v1/keys", {"name": "k", "scopes": ["read"]}).status == 201, "all else goes on"
    assert "101%" in api.call("GET", "/readyz", key="").json()["warnings"][0]
    marker.unlink()
    assert api.call("POST", "/api/v1/datasets/import", chunks=[b"x" * 100]).status != 507
