"""Errors: one tree, so that callers can catch at three heights.

    VolantError
    ├── BadInput            400  the caller sent something that can never work
    │   └── TooLarge        413
    ├── Unauthenticated     401  no key, or a key nobody knows
    ├── Forbidden           403  a known key without the scope
    ├── NotFound            404  unknown task, model, run, dataset, ...
    ├── Conflict            409  the state forbids it now (two servers on one data directory, a run already running)
    ├── LimitReached        429  a rate limit or budget; `retry_after_s` says when
    ├── DoesNotFit          507  a recipe that needs more memory than there is
    ├── StorageFull         507  the disk or the ceiling is full
    ├── UpstreamFailed      502  a deployment answered wrongly or not at all
    └── Unavailable         503  we are starting, draining, or no deployment is healthy

Every error says what was wrong (`message`), where (`where`), what to do (`hint`), has a stable `code`
(documented in docs/errors.md), an HTTP `status` and whether a retry may help. Messages never hold secrets
or a caller's text beyond a short, quoted value.
"""

from __future__ import annotations

from typing import ClassVar


class VolantError(Exception):
    """Something a user can act on. `str()` gives one readable paragraph."""

    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1  # of the command line
    retry_helps: ClassVar[bool] = False

    def __init__(
        self, code: str, message: str, *, where: str = "", hint: str = "", retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.where = where
        self.hint = hint
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}\n  what to do: {self.hint}" if self.hint else text

    def as_dict(self) -> dict[str, object]:
        """The error as every JSON surface shows it."""
        return {
            "code": self.code,
            "message": self.message,
            "where": self.where,
            "hint": self.hint,
            "retry_helps": self.retry_helps,
        }


class BadInput(VolantError):
    """The caller sent something that can never work."""

    status = 400
    exit_code = 2


class TooLarge(BadInput):
    """A body, file or row above its limit."""

    status = 413


class Unauthenticated(VolantError):
    """No key, or a key that nobody knows (expired and revoked ones included)."""

    status = 401
    exit_code = 3


class Forbidden(VolantError):
    """A known key without the scope for this."""

    status = 403
    exit_code = 3


class NotFound(VolantError):
    """Something named that does not exist in this project."""

    status = 404
    exit_code = 4


class Conflict(VolantError):
    """The state forbids it now."""

    status = 409
    exit_code = 5


class LimitReached(VolantError):
    """A rate limit or a budget."""

    status = 429
    exit_code = 6
    retry_helps = True


class DoesNotFit(VolantError):
    """A recipe that needs more memory than there is."""

    status = 507
    exit_code = 7


class StorageFull(VolantError):
    """The disk, or the configured ceiling, is full."""

    status = 507
    exit_code = 7
    retry_helps = True


class UpstreamFailed(VolantError):
    """A deployment answered wrongly or not at all."""

    status = 502
    exit_code = 8
    retry_helps = True


class Unavailable(VolantError):
    """Starting, draining, or nothing healthy to serve with."""

    status = 503
    exit_code = 8
    retry_helps = True
