"""Footing: what one request holds of all the ceilings that it stands on, from its beginning to its end.

Holds the most that one answer can take. A second call for the same answer (a retry after tokens were spent, a hedge)
takes its own part first; a fallback to another model stands on that model's ceilings too.
"""

from __future__ import annotations

from collections.abc import Sequence

from volant.core.errors import VolantError
from volant.core.nouns import KeyGrant, ModelCall
from volant.gateway.admission import FREE, Admission, Reservation
from volant.gateway.ceilings import Ceilings


class Footing:
    """Of one request. None in its place where no ceiling holds: that costs nothing."""

    __slots__ = ("_admission", "_again", "_ceilings", "_project", "_tokens", "_usd", "model", "reservation")

    def __init__(
        self,
        admission: Admission,
        ceilings: Ceilings,
        project: str,
        model: str,
        reservation: Reservation,
        usd: float,
        tokens: int,
    ) -> None:
        self._admission = admission
        self._ceilings = ceilings
        self._project = project
        self._usd, self._tokens = usd, tokens
        self._again = (0.0, 0)  # held beside the first part, for calls that were paid for and gave no answer
        self.reservation = reservation
        self.model = model  # whose ceilings are among those

    @property
    def holder(self) -> str:
        """Whose leases it is spent from, for the record."""
        return self.reservation.holder

    async def stand_on(self, model: str) -> VolantError | None:
        """Before another model is asked: why it may not be, by its own ceilings."""
        standing = self._ceilings.of_model(self._project, model)
        if standing:
            try:
                self.reservation = await self._admission.also(self.reservation, standing, self._usd, self._tokens)
            except VolantError as refusal:
                return refusal
        return None

    async def cover_again(self, calls: Sequence[ModelCall]) -> VolantError | None:
        """Before another call is made after these, which gave no answer: what they took is held beside it. Why it
        cannot be."""
        usd = max(0.0, sum(call.cost_usd for call in calls) - self._again[0])
        tokens = max(0, sum(call.input_tokens + call.output_tokens for call in calls) - self._again[1])
        if not usd and not tokens:
            return None
        try:
            await self._admission.extend(self.reservation, usd, tokens)
        except VolantError as refusal:
            return refusal
        self._again = (self._again[0] + usd, self._again[1] + tokens)
        return None

    def covers_beside(self) -> bool:
        """May a second call run beside the first? It holds as much."""
        return self.reservation.more(self._usd, self._tokens)

    def settle(self, calls: Sequence[ModelCall]) -> None:
        """It is over, and these are all its calls."""
        if self.reservation is not FREE:
            self.reservation.settle_calls(calls)


async def stand(
    admission: Admission, ceilings: Ceilings, grant: KeyGrant, task: str, model: str, usd: float, tokens: int
) -> Footing:
    """Reserve a request that takes so much at most, of all its ceilings or of none.

    Raises LimitReached or Unavailable (see Admission.admit).
    """
    standing = ceilings.of(grant, task, model)
    reservation = FREE
    if standing.ceilings:
        reservation = admission.take(standing, usd, tokens) or await admission.admit(standing, usd, tokens)
    return Footing(admission, ceilings, grant.project, model, reservation, usd, tokens)
