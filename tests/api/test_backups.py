"""Backups over HTTP: made in the background by a process of its own, listed, checked, refused where they must be."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from volant.lifecycle import backup, verify


def finished(api: Any, name: str) -> dict[str, Any]:
    end = time.monotonic() + 90
    while True:
        found: dict[str, Any] = next(
            one for one in api.call("GET", "/api/v1/backups").json()["data"] if one["name"] == name
        )
        if found["state"] != "running":
            return found
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_backup_is_made_listed_and_checked(api: Any) -> None:
    started = api.call("POST", "/api/v1/backups", {"runs": "results"})
    assert started.status == 202, started.body
    name = started.json()["name"]
    again = api.call("POST", "/api/v1/backups", {})
    assert again.status in (202, 409)  # a machine may be faster than we ask
    assert finished(api, name)["state"] == "done"
    folder = backup.folder_of(api.context.data_dir, "")
    assert verify.verify(folder / name, mac_key=backup.mac_key(api.context.vault)).is_sealed
    checked = api.call("POST", f"/api/v1/backups/{name}/verify")
    assert checked.json()["counts"]["project"] == 1
    with api.context.db.read() as tx:
        told = tx.exec_driver_sql("select detail from audit where action = 'backup.create' order by id").scalars().all()
    assert '{"runs":"results"}' in told


def test_only_names_in_the_folder_are_checked(api: Any, tmp_path: Path) -> None:
    (tmp_path / "secret.tar").write_bytes(b"x")
    for name in ("secret.tar", "..%2Fsecret.tar", "nothing.tar"):
        assert api.call("POST", f"/api/v1/backups/{name}/verify").status == 404


def test_a_failed_backup_says_why(make_api: Callable[..., Any], tmp_path: Path) -> None:
    api = make_api(backup_dir=str(tmp_path / "data-0" / "inside"))
    name = api.call("POST", "/api/v1/backups", {}).json()["name"]
    found = finished(api, name)
    assert found["state"] == "failed"
    assert "lost with it" in found["error"]


def test_who_answers_for_one_project_sees_none(api: Any) -> None:
    key = api.make_key("admin")
    for method, path in (("GET", "/api/v1/backups"), ("POST", "/api/v1/backups"), ("POST", "/api/v1/backups/x/verify")):
        answer = api.call(method, path, {} if method == "POST" else None, key=key)
        assert (answer.status, answer.json()["error"]["code"]) == (403, "not_installation_admin")
    assert not backup.list_backups(backup.folder_of(api.context.data_dir, ""))


def test_who_may_not_operate_sees_none(api: Any) -> None:
    key = api.make_key("read")
    for method, path in (("GET", "/api/v1/backups"), ("POST", "/api/v1/backups"), ("POST", "/api/v1/backups/x/verify")):
        assert api.call(method, path, {} if method == "POST" else None, key=key).status == 403
