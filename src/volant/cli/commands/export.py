"""export: everything of a project in open formats, in one folder, with hashes. All of it or nothing."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from volant import __version__
from volant.cli import show
from volant.cli.client import Client
from volant.cli.options import AsJson, DataDir, Project, Url, connect
from volant.core.errors import BadInput, Conflict, StorageFull, Unavailable

Json = dict[str, Any]
AUDIT, MODELS = "audit", "models"


def add(app: typer.Typer) -> None:
    app.command()(export)


def export(
    folder: Annotated[Path, typer.Argument(help="The folder to make. It must not be there.", metavar="DIR")],
    what: Annotated[
        list[str] | None, typer.Option(help="Only these kinds; again for more. Default: all that you may read.")
    ] = None,
    content: Annotated[
        bool, typer.Option("--content", help="With what people wrote. Every such read stands in the audit.")
    ] = False,
    files: Annotated[bool, typer.Option("--files/--no-files", help="With the files of models.")] = True,
    as_csv: Annotated[bool, typer.Option("--csv", help="Each kind as CSV too; nested values as JSON.")] = False,
    project: Project = "",
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Write a project's things as JSON lines, and its models as safetensors and GGUF, with a manifest of hashes.

    Example: `volant export out --what inferences --what feedback --content`
    """
    client = connect(url, data_dir, project)
    kinds = {one["name"]: one for one in client.get("/api/v1/export")["data"]}
    chosen = _chosen(what, kinds)
    if folder.exists():
        raise Conflict("export_exists", "something of that name is there", where=str(folder), hint="name a new folder")
    made = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True, mode=0o700)
    try:
        manifest = _write(client, made, [kinds.get(name, {"name": name}) for name in chosen], content, files, as_csv)
        made.rename(folder)
    except OSError as error:
        raise StorageFull("storage_full", f"could not write: {error.strerror}", where=str(folder.parent),
                          hint="free space there; nothing half-made is left") from error  # fmt: skip
    finally:
        shutil.rmtree(made, ignore_errors=True)
    rows = [{"file": one["path"], "rows": one.get("rows"), "bytes": one["size_bytes"]} for one in manifest["files"]]
    columns = {"file": "file", "rows": "rows", "bytes": "bytes"}
    show.result(manifest, as_json, lambda: show.table(rows, columns, "Nothing was there."))


def _chosen(what: list[str] | None, kinds: dict[str, Json]) -> list[str]:
    known = sorted({*kinds, AUDIT})
    unknown = [name for name in what or [] if name not in known]
    if unknown:
        raise BadInput("export_kind", f"{unknown[0]!r} is nothing that can be exported", where="--what",
                       hint=f"one of {', '.join(known)}")  # fmt: skip
    return what or known


def _write(client: Client, made: Path, kinds: list[Json], content: bool, files: bool, as_csv: bool) -> Json:
    written: list[Json] = []
    for kind in kinds:
        written.append(_rows(client, made, kind, content))
        if as_csv:
            written.append(_csv(made, kind["name"]))
    if files and any(kind["name"] == MODELS for kind in kinds):
        written += _models(client, made)
    (made / "README.md").write_text(_readme(kinds, content))
    facts = {
        "volant": __version__,
        "made_ms": int(time.time() * 1000),
        "server": client.url,
        "content": content,
        "files": written,
    }
    (made / "manifest.json").write_text(json.dumps(facts, indent=1) + "\n")
    return facts


def _rows(client: Client, made: Path, kind: Json, content: bool) -> Json:
    name = kind["name"]
    inside = content and kind.get("has_content", False)
    path = "/api/v1/audit/export" if name == AUDIT else f"/api/v1/export/{'content' if inside else 'rows'}/{name}"
    digest, size, count = hashlib.sha256(), 0, 0
    with (made / f"{name}.jsonl").open("wb") as file:
        for line in _whole(client.lines(path), name):
            file.write(line)
            digest.update(line)
            size += len(line)
            count += 1
    return {"path": f"{name}.jsonl", "rows": count, "size_bytes": size, "sha256": digest.hexdigest()}


def _whole(lines: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Without the end mark. Raises Unavailable when it is missing, or counts other rows."""
    held: bytes | None = None
    count = 0
    for line in lines:
        if held is not None:
            yield held
            count += 1
        held = line
    if name == AUDIT:  # rows are numbered and chained: `volant audit verify` misses one
        if held is not None:
            yield held
        return
    if held is None or json.loads(held) != {"end": count}:
        raise Unavailable("export_broken_off", f"the stream of {name} broke off after {count} rows", where=name,
                          hint="try again; the server's log may say why")  # fmt: skip


def _csv(made: Path, name: str) -> Json:
    source, target = made / f"{name}.jsonl", made / f"{name}.csv"
    with source.open(encoding="utf-8") as lines, target.open("w", encoding="utf-8", newline="") as file:
        writer: Any = None
        count = 0
        for line in lines:
            row = {key: value if _is_flat(value) else json.dumps(value) for key, value in json.loads(line).items()}
            if writer is None:
                writer = csv.DictWriter(file, list(row))
                writer.writeheader()
            writer.writerow({key: _harmless(value) for key, value in row.items()})
            count += 1
    return _file(made, target) | {"rows": count}


def _is_flat(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float | str)


def _harmless(value: object) -> object:
    """A text that a spreadsheet would run gets a mark before it (OWASP, CSV injection)."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _models(client: Client, made: Path) -> list[Json]:
    out = []
    for line in (made / f"{MODELS}.jsonl").read_text().splitlines():
        model_id = json.loads(line)["id"]
        for one in client.get(f"/api/v1/export/models/{model_id}")["data"]:
            target = made / MODELS / model_id / one["path"]
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                file.writelines(client.lines(f"/api/v1/export/models/{model_id}/file", name=one["path"]))
            facts = _file(made, target)
            if facts["sha256"] != one["sha256"]:
                raise Unavailable("export_broken_off", f"{one['path']} did not come whole", where=model_id,
                                  hint="try again")  # fmt: skip
            out.append(facts)
    return out


def _file(made: Path, place: Path) -> Json:
    with place.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"path": str(place.relative_to(made)), "size_bytes": place.stat().st_size, "sha256": digest}


def _readme(kinds: list[Json], content: bool) -> str:
    lines = [
        "# An export of Volant",
        "",
        "One JSON object a line. Times end in `_ms` and are Unix milliseconds; costs are US dollars; `subject` is the",
        "keyed hash of a person. `manifest.json` has every file's size, rows and SHA-256. Models are in `models/`:",
        "`final/` opens with transformers (safetensors), `model.gguf` with llama.cpp.",
        "",
        "With what people wrote." if content else "Without what people wrote (`volant export --content` adds it).",
    ]
    for kind in kinds:
        fields = ", ".join(f"`{name}`" for name in kind.get("fields", []))
        lines += ["", f"## {kind['name']}.jsonl", "", f"{kind.get('sentence', 'The audit: who did what')}.", ""]
        lines += [f"Fields: {fields}."] if fields else ["Fields: see the page on the audit."]
    return "\n".join(lines) + "\n"
