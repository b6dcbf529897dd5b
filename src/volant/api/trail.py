"""Trail: how a route writes into the audit. One line in the transaction that makes the change; one before a read.

    with context.db.begin() as tx:
        key = keys.revoke(...)
        did(tx, context, caller, "key.revoke", "key", key.id)

A refusal raised before leaves no row; tests/api/test_audit_rows.py fails for a changing route that writes none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from volant.api.access import Caller
from volant.jobs.context import Context

MOST_LISTED = 200  # ids in one row; of more, their number and what chose them
_OWN_ID = re.compile(r"(?!sub_)[a-z]{2,4}_[0-9a-f-]{8,40}")  # a subject's hash stands for a person: it is not written


def did(
    tx: Connection,
    context: Context,
    caller: Caller,
    action: str,
    object_kind: str = "",
    object_id: str = "",
    /,
    **detail: Any,
) -> None:
    """Write that the caller did this, in the transaction that does it; call it last in there."""
    context.audit(tx, caller.project, caller.actor, action, object_kind, object_id, **detail)


def begins(
    context: Context, caller: Caller, action: str, object_kind: str = "", object_id: str = "", /, **detail: Any
) -> None:
    """Write that the caller begins something that is no transaction, committed before it begins."""
    with context.db.begin() as tx:
        did(tx, context, caller, action, object_kind, object_id, **detail)


def reads(
    context: Context,
    caller: Caller,
    object_kind: str,
    ids: Sequence[str] = (),
    *,
    of: str = "",
    count: int | None = None,
    chosen_by: Mapping[str, Any] | None = None,
) -> None:
    """Write that the caller reads what people wrote, committed before the answer leaves.

    `ids` are what is read; `of`: the one thing that holds it all (a dataset version); `count` where `ids` are not
    listed; `chosen_by`: the filter. Of its values only numbers and ids of ours are written, of others that they were
    given: what somebody searches for may be a person's name.
    """
    detail: dict[str, Any] = {}
    if chosen_by:
        detail["filter"] = {name: _shown(value) for name, value in chosen_by.items() if value not in (None, "", [], ())}
    if not of and len(ids) == 1:
        of = ids[0]
    elif count is not None or len(ids) != 1:
        detail["count"] = len(ids) if count is None else count
        if ids:
            detail |= {"ids": list(ids)} if len(ids) <= MOST_LISTED else {"first": ids[0], "last": ids[-1]}
    begins(context, caller, "content.read", object_kind, of, **detail)


def _shown(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        return value
    return value if isinstance(value, str) and _OWN_ID.fullmatch(value) else True
