"""Logs: how every process of ours writes its lines: text for people, or one JSON object a line for machines.

    {"time": "2026-11-23T12:00:00.000Z", "level": "info", "process": "control", "logger": "volant.access", ...}

What is logged is fixed sentences, codes, ids and numbers. An exception is written as its type and its places: its own
text may quote what a caller sent. Lines go to stderr; the supervisor sends that to a file, or leaves it (`log_to`).
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from volant.core.settings import ServerSettings

CHATTY = ("alembic", "sqlalchemy", "asyncio", "uvicorn.error")  # heard from warnings on
_FRAMES = 12

ExceptionFacts = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def configure(process: str, settings: ServerSettings) -> None:
    """Set this process's logging up; `process` stands in every line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(process, settings.log_format))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def formatter(process: str, log_format: str) -> logging.Formatter:
    """The one for `server.log_format`."""
    return JsonLines(process) if log_format == "json" else Text(process)


class Text(logging.Formatter):
    """A line for people; the fields behind the sentence."""

    def __init__(self, process: str) -> None:
        super().__init__(f"%(asctime)s {process} %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        fields = getattr(record, "fields", None)
        more = " ".join(f"{name}={value}" for name, value in fields.items() if value != "") if fields else ""
        return f"{super().format(record)} {more}".rstrip()

    def formatException(self, ei: Any) -> str:  # logging's name
        return places_of(ei)


class JsonLines(logging.Formatter):
    """One object a line."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "process": self._process,
            "logger": record.name,
            "message": record.getMessage(),
            **(getattr(record, "fields", None) or {}),
        }
        if record.exc_info:
            line["exception"] = places_of(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def places_of(facts: ExceptionFacts) -> str:
    """An exception's type and where it passed, without its text."""
    kind, _, found = facts
    frames = traceback.extract_tb(found)[-_FRAMES:]
    places = "".join(f"\n  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
    return f"{kind.__name__ if kind else 'exception'}{places}"


def note(settings: ServerSettings, sentence: str) -> None:
    """A line of the supervisor, which has no logging of its own."""
    record = logging.LogRecord("volant.supervisor", logging.INFO, "", 0, sentence, None, None)
    print(formatter("supervisor", settings.log_format).format(record), file=sys.stderr, flush=True)  # noqa: T201


def rotate(folder: Path, most_bytes: int) -> list[str]:
    """Move what outgrew `most_bytes` to NAME.1 and begin anew; the names. Writers append, so they go on at the start.

    Copied and cut, because the writers hold the file open: a line written between the two may be lost.
    """
    done = []
    for place in folder.glob("*.log"):
        if place.stat().st_size > most_bytes:
            shutil.copyfile(place, beside := place.with_name(place.name + ".1"))
            beside.chmod(0o600)
            os.truncate(place, 0)
            done.append(place.name)
    return done
