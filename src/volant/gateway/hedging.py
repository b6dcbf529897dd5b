"""Hedging: two places are asked for one answer, and the first with a word to say gives it.

A `Racer` stands in for the client's wire in each of the two calls. The first that starts an answer on it wins: the
other is told that its client left, which closes its connection. Knows nothing of places or dialects.
"""

from __future__ import annotations

from collections.abc import Callable

from volant.gateway.wire import Wire


class Race:
    """Up to two calls for one client. Takes over the wire's callbacks."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.racers: list[Racer] = []
        self.winner: Racer | None = None
        wire.on_close = lambda: self._tell(lambda racer: racer.on_close and racer.on_close())
        wire.on_pause = self._paused
        wire.on_stop = self._stopped

    def enter(self) -> Racer:
        """One more call."""
        racer = Racer(self)
        self.racers.append(racer)
        return racer

    def claim(self, racer: Racer) -> bool:
        """It has something to say. True: the answer is its; the other call ends here."""
        if self.winner is None:
            self.winner = racer
            for other in self.racers:
                if other is not racer:
                    other.leave()
        return self.winner is racer

    def _tell(self, act: Callable[[Racer], object]) -> None:
        for racer in self.racers:
            act(racer)

    def _paused(self, pause: bool) -> None:
        if self.winner is not None and self.winner.on_pause is not None:
            self.winner.on_pause(pause)

    def _stopped(self, final: bool) -> None:
        for racer in self.racers:
            racer.cut = racer.cut or final
            if racer.on_stop is not None:
                racer.on_stop(final)


class Racer(Wire):
    """The client's wire, as one of two calls sees it."""

    __slots__ = ("_race", "lost")

    def __init__(self, race: Race) -> None:
        self._race = race
        self.lost = False  # the other one had a word to say first
        self.on_close = self.on_pause = self.on_stop = None
        self.cut = race.wire.cut

    def leave(self) -> None:
        """The other one answers: this one's place is told that nobody waits."""
        self.lost = True
        if self.on_close is not None:
            self.on_close()

    @property
    def gone(self) -> bool:
        return self.lost or self._race.wire.gone

    @property
    def complete(self) -> bool:
        return self._race.wire.complete

    @property
    def started(self) -> bool:
        return self._race.winner is self and self._race.wire.started

    @property
    def congested(self) -> bool:
        return self._race.wire.congested

    def start(self, status: int, headers: bytes, first: bytes) -> None:
        if self._race.claim(self):
            self._race.wire.start(status, headers, first)

    def write(self, data: bytes) -> None:
        if self._race.winner is self:
            self._race.wire.write(data)
