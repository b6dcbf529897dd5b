"""Footing: what one request holds of all the ceilings that it stands on, from its beginning to its end.

Holds the most that one answer can take. A second call for the same answer (a retry after tokens were spent, a hedge)
takes its own part first; a fallback to another model stands on that model's ceilings too. What a guard or the cache
asks of a model meanwhile holds its own part beside, until it is answered.
"""

from __future__ import annotations

from collections.abc import Sequence

from volant.core.errors import VolantError
from volant.core.nouns import KeyGrant, ModelCall
from volant.gateway.accounts import Account
from volant.gateway.admission import FREE, Admission, Reservation
from volant.gateway.ceilings import Ceilings


class Footing:
    """Of one request. None in its place where no ceiling holds: that costs nothing."""

    __slots__ = ("_admission", "_again", "_beside", "_ceilings", "_project", "_tokens", "_usd", "model", "reservation")

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
        self._beside = False  # something was held beside it
        self.reservation = reservation
        self.model = model  # whose ceilings are among those

    @property
    def holder(self) -> str:
        """Whose leases it is spent from, for the record."""
        return self.reservation.holder or (self._admission.holder if self._beside else "")

    async def beside(self, model: str, usd: float, tokens: int) -> Footing:
        """For a call to `model` that a guard or the cache makes for this request, and that takes so much at most: of
        the request's ceilings dollars and tokens, but no request and no slot, which it has; of that model's own all.

        Settled by itself. Raises LimitReached or Unavailable (see Admission.admit); nothing is held then.
        """
        standing = self.reservation.accounts
        part = _Part(
            self._admission,
            tuple(one for one in standing if one.ceiling.over != "model" or one.ceiling.name == model),
        )
        await part.hold(usd, tokens)
        footing = Footing(self._admission, self._ceilings, self._project, model, part, usd, tokens)
        try:
            if (refusal := await footing.stand_on(model)) is not None:
                raise refusal
        except BaseException:
            footing.settle(())
            raise
        self._beside = True
        return footing

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


class _Part(Reservation):
    """What a call beside a request holds of accounts that the request stands on, and of others."""

    __slots__ = ("_shared",)

    def __init__(self, admission: Admission, shared: tuple[Account, ...]) -> None:
        super().__init__(admission, shared, 0.0, 0)
        self._shared = frozenset(shared)

    async def hold(self, usd: float, tokens: int) -> None:
        """Raises as Admission.extend."""
        assert self._admission is not None
        await self._admission.extend(self, usd, tokens)
        self._minutes = [account.minute for account in self.accounts]
        self.usd, self.tokens = usd, tokens  # also where nothing is shared

    def _back(self, account: Account, minute: str, usd: float, tokens: int) -> None:
        if account in self._shared:
            account.give_back_more(self.usd, self.tokens, minute, usd, tokens)
        else:
            super()._back(account, minute, usd, tokens)


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
