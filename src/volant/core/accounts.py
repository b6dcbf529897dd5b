"""Accounts: what ceilings are over, and the periods that they are counted in. Names and times only.

key_…           one API key             period ""                  ever
project:P       a project                      2026-11             a month, UTC
task:P/NAME     a task of it                   2026-11-23          a day, UTC
model:P/NAME    a model, as its                2026-11-23T12:05    a minute, UTC
                deployments name it
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from volant.core.nouns import LimitSpec

Over = Literal["key", "project", "task", "model"]
MINUTE_MS = 60_000
DAY_MS = 86_400_000
EVER = ""


def account_of(over: str, project: str, name: str = "") -> str:
    """The account of a key (`name` is its id), project, task or model."""
    if over == "key":
        return name
    return f"project:{project}" if over == "project" else f"{over}:{project}/{name}"


def account_of_spec(project: str, spec: LimitSpec) -> str:
    """The account that a `[[limits]]` document is over."""
    return account_of(spec.over, project, spec.name)


def parts_of(account: str) -> tuple[Over, str, str]:
    """(over, project, name); of a key the project is not known: empty."""
    kind, _, rest = account.partition(":")
    if kind == "project":
        return "project", rest, ""
    project, _, name = rest.partition("/")
    if kind == "task":
        return "task", project, name
    if kind == "model":
        return "model", project, name
    return "key", "", account


def minute_of(now_ms: int) -> str:
    """Its UTC minute."""
    return datetime.fromtimestamp(now_ms // MINUTE_MS * 60, UTC).strftime("%Y-%m-%dT%H:%M")


def day_of(now_ms: int) -> str:
    """Its UTC day."""
    return datetime.fromtimestamp(now_ms // 1000, UTC).strftime("%Y-%m-%d")


def month_of(day: str) -> str:
    """The month of a day (or of a minute)."""
    return day[:7]


def start_of(day: str) -> int:
    """When a UTC day (or the month that it names) begins, Unix milliseconds."""
    whole = day if len(day) > 7 else f"{day}-01"
    return int(datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp() * 1000)


def end_of_day(now_ms: int) -> int:
    """When its UTC day is over, Unix milliseconds."""
    return (now_ms // DAY_MS + 1) * DAY_MS


def end_of_month(now_ms: int) -> int:
    """When its UTC month is over, Unix milliseconds."""
    first = datetime.fromtimestamp(now_ms // 1000, UTC).replace(day=1, hour=0, minute=0, second=0)
    return int((first + timedelta(days=32)).replace(day=1).timestamp() * 1000)
