"""Opening: what is known of a request before anybody is asked anything: who asks what, of which task. No I/O."""

from __future__ import annotations

import msgspec

from volant.core.nouns import KeyGrant
from volant.gateway.body import Asked
from volant.gateway.call import Begun
from volant.gateway.caller import Caller, Subject
from volant.gateway.plan import Plans, TaskPlan
from volant.gateway.wire import Head


class Opening(msgspec.Struct):
    """One request, understood."""

    head: Head
    caller: Caller
    plans: Plans
    grant: KeyGrant
    asked: Asked
    plan: TaskPlan
    subject: Subject
    started: float  # perf_counter()
    started_ms: int
    begun: Begun | None = None  # its first call, where that was made already
