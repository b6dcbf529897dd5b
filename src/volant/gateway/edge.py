"""Edge: what a caller gets of an error that nobody else has answered. The last resort of both ways."""

from __future__ import annotations

import logging

from volant.core.errors import VolantError
from volant.gateway.answers import send_error
from volant.gateway.doors import Family
from volant.gateway.wire import Wire

_log = logging.getLogger("volant.gateway")


def refuse(wire: Wire, error: VolantError, family: Family) -> None:
    """Say it, if nothing was said yet; else break off."""
    if not wire.started:
        send_error(wire, error, family)
    elif not wire.complete:
        wire.break_off()


def mistake(what: str) -> VolantError:
    """Called while an unexpected exception is handled, which it logs: what its caller may know of it."""
    _log.exception("%s failed", what)
    return VolantError("internal_error", "something went wrong in the gateway; its log says what")


def excuse(wire: Wire, what: str, family: Family) -> None:
    """Called while an unexpected exception is handled."""
    refuse(wire, mistake(what), family)
