"""Lifeline: a child ends when its parent does, however the parent died.

The supervisor gives each child the read end of a pipe (`VOLANT_PARENT_FD`) whose write end only it holds. When the
supervisor is gone, even by `kill -9`, the read ends and the child leaves at once.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping

VARIABLE = "VOLANT_PARENT_FD"
EXIT_CODE = 113  # in logs and exit codes: "my parent is gone"


def watch(environment: Mapping[str, str] | None = None, on_end: Callable[[], None] | None = None) -> bool:
    """Start to watch, in a daemon thread; False when nobody holds a lifeline for this process.

    At the parent's end `on_end` runs (default: `os._exit(113)`). Raises ValueError when the variable is no number.
    """
    number = (os.environ if environment is None else environment).get(VARIABLE, "")
    if not number:
        return False
    descriptor = int(number)
    os.set_inheritable(descriptor, False)  # what this process starts must not keep it alive
    threading.Thread(target=_wait, args=(descriptor, on_end or _leave), name="lifeline", daemon=True).start()
    return True


def _wait(descriptor: int, on_end: Callable[[], None]) -> None:
    try:
        while os.read(descriptor, 1):
            pass
    except OSError:
        pass  # somebody closed it here: nobody holds us any more
    on_end()


def _leave() -> None:
    os._exit(EXIT_CODE)
