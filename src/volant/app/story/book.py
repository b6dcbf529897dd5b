"""Book: what of the story was told, kept in DATA/story.json so that a killed story goes on where it was.

Holds ids, numbers and the names of stages; never a person's text and never a key.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

Json = dict[str, Any]


class Chapter(msgspec.Struct, kw_only=True):
    """One stage: its facts once it is done."""

    began_s: float = 0.0  # Unix time
    seconds: float = 0.0  # over all its starts
    done: bool = False
    facts: Json = {}


class Book(msgspec.Struct, kw_only=True):
    """The whole story so far."""

    scale: str
    data: str
    test: str = ""
    port: int = 0
    standby_port: int = 0
    stage: str = ""  # the one that is being told
    chapters: dict[str, Chapter] = {}
    notes: Json = {}  # ids that a stage needs again when it is told a second time

    @classmethod
    def open(cls, place: Path) -> Book | None:
        """The book of a data directory; None when no story was begun there."""
        try:
            return msgspec.json.decode(place.read_bytes(), type=cls)
        except FileNotFoundError:
            return None

    def save(self, place: Path) -> None:
        """Replace the file, so that a kill leaves the old book or the new one."""
        beside = place.with_name("." + place.name + ".new")
        beside.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1))
        beside.replace(place)

    def tell(self, place: Path, stage: str, telling: Callable[[], Json]) -> Json:
        """The facts of a stage: those that are written, or those that `telling` finds out now."""
        chapter = self.chapters.setdefault(stage, Chapter(began_s=time.time()))
        if chapter.done:
            return chapter.facts
        self.stage = stage
        self.save(place)
        started = time.monotonic()
        try:
            chapter.facts = telling()
            chapter.done = True
        finally:
            chapter.seconds += time.monotonic() - started
            self.save(place)
        return chapter.facts

    def note(self, place: Path, name: str, value: Any) -> None:
        """Keep something at once."""
        self.notes[name] = value
        self.save(place)
