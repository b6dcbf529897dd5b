"""A world in which users ask, answers fail or are corrected, and a rollout is looked at: the tests' traffic."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from volant.core.nouns import RolloutPlan
from volant.rollout import Look, Row, first_state, next_state, split_of


@dataclass(frozen=True, kw_only=True)
class World:
    """How users and both variants behave."""

    live_corrected: float = 0.2  # share of answers that are corrected
    candidate_corrected: float = 0.2
    candidate_failure: float = 0.0  # share of requests whose candidate attempt fails
    correlation: float = 0.2  # of corrections within a user
    coverage: float = 1.0  # share of answers that somebody judges
    label_delay_ms: int = 500
    lose_canary_users: float = 0.0  # share of canary users whose rows never arrive
    seed: int = 1
    plan: RolloutPlan = field(default_factory=RolloutPlan)

    def run(self, most_users: int = 6000, users_per_s: float = 30.0, look_every_ms: int = 2000) -> Look:
        """Let users come until the rollout is over; gives the last look."""
        rng = random.Random(self.seed)
        state = first_state(self.plan, 0)
        rows: list[Row] = []
        now = 0.0
        next_look = float(look_every_ms)
        look = None
        for number in range(most_users):
            now += rng.expovariate(users_per_s) * 1000
            mode, share = split_of(self.plan, state) or ("canary", 0.0)
            arm = mode if random.Random(f"{self.seed}/{number}").random() < share else "live"
            if not (arm == "canary" and rng.random() < self.lose_canary_users):
                rows += self._ask(f"sub_{number}", arm, state.step, int(now), rng)
            if now < next_look:
                continue
            next_look += look_every_ms
            look = next_state(self.plan, state, rows, int(now))
            state = look.state
            if state.over:
                return look
        assert look is not None
        return look

    def _ask(self, subject: str, arm: str, step: int, start_ms: int, rng: random.Random) -> list[Row]:
        share = self.candidate_corrected if arm == "canary" else self.live_corrected
        weight = 1 / self.correlation - 1
        own = rng.betavariate(share * weight, (1 - share) * weight) if 0 < share < 1 else share
        rows = []
        for question in range(self.plan.questions_per_user):
            at = start_ms + 300 * question + rng.randrange(100)
            failed = arm != "live" and rng.random() < self.candidate_failure
            judged = rng.random() < self.coverage
            rows.append(
                Row(
                    subject=subject, arm="canary" if arm == "canary" else "live", step=step, status=200, started_ms=at,
                    canary_failed=failed and arm == "canary", fallback=failed and arm == "canary",
                    corrected=rng.random() < own if judged else None, labelled_ms=at + self.label_delay_ms,
                    inference_id=f"inf_{subject}_{question}",
                )
            )  # fmt: skip
            if arm == "shadow":
                rows.append(Row(subject=subject, arm="shadow", step=0, status=502 if failed else 200, started_ms=at))
        return rows


@pytest.fixture
def world() -> Callable[..., World]:
    """Make a world."""
    return World
