"""Leash: processes of the story end with it, however it ends (see `core.lifeline`)."""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Sequence
from typing import Any

from volant.core import lifeline


def start(command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
    """Start a process that leaves when this one is gone."""
    mine, _ = _pipe()
    environment = {**options.pop("env", os.environ), lifeline.VARIABLE: str(mine)}
    return subprocess.Popen(command, env=environment, pass_fds=(mine,), **options)


@functools.cache
def _pipe() -> tuple[int, int]:
    """(read end for the children, write end that only this process holds)."""
    return os.pipe()
