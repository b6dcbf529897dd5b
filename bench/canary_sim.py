"""Simulation of the canary's statistics: false decisions under continuous looks, and users until a decision.

    python bench/canary_sim.py        writes bench/results/canary_sim.json; seeded, under a minute on one core

Every user asks 3 questions; answers of one user have an intra-user correlation of 0.2 (beta-binomial). Traffic is split
by user, 10 % to the canary unless a row says otherwise. The margin is 5 points; alarms share 5 % among three.

Baselines are measured in the same run on the same users. Of error rates: the usual z-test (of a single rate: Wilson's
bound) on requests at the same level, looked at as often. Of sizes: the same test with one baseline user for each canary
user, and of a clean canary the trials that a single look at the end would need.
"""

from __future__ import annotations

import json
import math
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from volant.core.stats import betting, canary, sequential
from volant.core.stats.canary import CanaryPlan, Guard, UserObservation, steps_of
from volant.core.stats.distributions import normal_quantile
from volant.core.stats.intervals import wilson
from volant.core.stats.power import zero_failure_trials

RESULTS = Path(__file__).parent / "results" / "canary_sim.json"
SEED = 20261123
RUNS = 1_000  # of each scenario, for error rates
CANARY_USERS = 400  # looked at, in each run
QUESTIONS = 3
CORRELATION = 0.2
MARGIN = 0.05
ALPHA = 0.05
ALARMS = 3  # technical failures, sample ratio, corrections
DECISION_RUNS = 40  # of whole rollouts
LOOK_EVERY = 4  # canary users, in whole rollouts

DEMO = CanaryPlan(
    steps=steps_of([(0.10, 40), (0.50, 60)]), failure_ceiling=0.05, guards=(Guard(name="corrected", margin=MARGIN),)
)
STORY = CanaryPlan(
    steps=steps_of([(0.05, 40), (0.25, 60), (0.50, 150)]),
    failure_ceiling=0.02,
    guards=(Guard(name="corrected", margin=MARGIN),),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the result; `holds` says whether the goal is met."""

    name: str
    value: float
    unit: str
    baseline: float | None
    goal: str

    def as_dict(self) -> dict[str, object]:
        ratio = round(self.value / self.baseline, 3) if self.baseline else None
        compare, bound = self.goal.split()
        holds = self.value <= float(bound) if compare == "<=" else self.value >= float(bound)
        return {
            "name": self.name, "value": round(self.value, 4), "unit": self.unit,
            "baseline": None if self.baseline is None else round(self.baseline, 4), "ratio": ratio,
            "goal": self.goal, "holds": holds,
        }  # fmt: skip


def main() -> int:
    """Simulate, write, print; 0 when every goal holds, else 1."""
    started = time.process_time()
    rng = np.random.default_rng(SEED)
    rows = [*two_arms(rng), *ceilings(rng), *rollouts(rng)]
    lines = [row.as_dict() for row in rows]
    report = {
        "name": "canary_sim", "machine": _machine(), "commit": _commit(), "date": datetime.now(UTC).date().isoformat(),
        "seed": SEED, "cpu_seconds": round(time.process_time() - started, 1), "rows": lines,
    }  # fmt: skip
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    for line in lines:
        beside = "-" if line["baseline"] is None else f"{line['baseline']:g}"
        print(f"{line['name']:78} {line['value']:>8g} {line['unit']:12} baseline {beside:>7}  {line['goal']:>8}"
              f"  {'holds' if line['holds'] else 'FAILS'}")  # fmt: skip
    return 0 if all(line["holds"] for line in lines) else 1


def users(rng: np.random.Generator, rate: float | np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Means[shape] of users whose answers are bad at this rate, alike within a user."""
    strength = (1.0 - CORRELATION) / CORRELATION
    own = rng.beta(np.maximum(rate * strength, 1e-9), np.maximum((1.0 - rate) * strength, 1e-9), size=shape)
    return rng.binomial(QUESTIONS, own) / QUESTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """Orders of arms, drawn once and used by every scenario."""

    arms: np.ndarray  # [runs, users]
    blocks: list[sequential.Blocks]
    one_to_one: list[np.ndarray]  # canary users complete when block k of one-to-one pairing is formed


def arrivals(rng: np.random.Generator, share: float | np.ndarray, total: int, runs: int = RUNS) -> Arrivals:
    arms = rng.random((runs, total)) < share
    seen = arms.cumsum(axis=1)
    pairs = [np.flatnonzero(np.diff(np.minimum(row, np.arange(1, total + 1) - row), prepend=0)) for row in seen]
    return Arrivals(
        arms=arms,
        blocks=[sequential.form_blocks(row) for row in arms],
        one_to_one=[seen[run][formed] for run, formed in enumerate(pairs)],
    )


def paths(arrived: Arrivals, values: np.ndarray, harm: bool) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """For each run: log-evidence path by block, and the number of complete canary users at each block."""
    found, counts = [], []
    wealth = betting.log_wealth_above if harm else betting.log_wealth_below
    for run, row in enumerate(arrived.arms):
        differences = sequential.block_differences(row, values[run])
        found.append(wealth((1.0 + differences) / 2.0, (1.0 + MARGIN) / 2.0, sequential.DIFFERENCE_BETS)[1:])
        counts.append(row.cumsum()[arrived.blocks[run].formed_at])
    return found, counts


def one_to_one_paths(arrived: Arrivals, values: np.ndarray, harm: bool) -> tuple[list[np.ndarray], list[np.ndarray]]:
    found = []
    wealth = betting.log_wealth_above if harm else betting.log_wealth_below
    for run, row in enumerate(arrived.arms):
        pairs = arrived.one_to_one[run].size
        differences = values[run][row][:pairs] - values[run][~row][:pairs]
        found.append(wealth((1.0 + differences) / 2.0, (1.0 + MARGIN) / 2.0, sequential.DIFFERENCE_BETS)[1:])
    return found, arrived.one_to_one


def stops(found: list[np.ndarray], counts: list[np.ndarray], alpha: float) -> np.ndarray:
    """Canary users at the first crossing of 1/alpha in each run; infinite where there is none."""
    crossed = [np.flatnonzero(path >= -math.log(alpha)) for path in found]
    return np.array([counts[run][hits[0]] if hits.size else math.inf for run, hits in enumerate(crossed)])


def z_stops(arrived: Arrivals, values: np.ndarray, harm: bool, alpha: float) -> float:
    """Share of runs in which a z-test on requests, looked at after every user from the tenth canary user, decides."""
    canary_users = arrived.arms.cumsum(axis=1)
    baseline_users = np.arange(1, arrived.arms.shape[1] + 1) - canary_users
    enough = (canary_users >= 10) & (baseline_users >= 10)
    canary_mean = np.cumsum(values * arrived.arms, axis=1) / np.maximum(1, canary_users)
    baseline_mean = np.cumsum(values * ~arrived.arms, axis=1) / np.maximum(1, baseline_users)
    variance = canary_mean * (1 - canary_mean) / np.maximum(1, QUESTIONS * canary_users)
    variance += baseline_mean * (1 - baseline_mean) / np.maximum(1, QUESTIONS * baseline_users)
    z = (canary_mean - baseline_mean - MARGIN) / np.sqrt(np.maximum(variance, 1e-12))
    decided = (z if harm else -z) > normal_quantile(1.0 - alpha)
    return float((decided & enough).any(axis=1).mean())


def two_arms(rng: np.random.Generator) -> list[Row]:
    """The corrections' test: sizes, and false decisions at the worst place, the margin itself."""
    arrived = arrivals(rng, 0.10, int(CANARY_USERS / 0.10))

    def values(baseline: float | np.ndarray, candidate: float | np.ndarray) -> np.ndarray:
        return users(rng, np.where(arrived.arms, candidate, baseline), arrived.arms.shape)

    alarm = ALPHA / ALARMS
    rows = []
    for name, old, new, harm, goal in (
        ("better, corrections .45 -> .20: users until promotion may be claimed", 0.45, 0.20, False, 21),
        ("worse, corrections .20 -> .60: users until rollback", 0.20, 0.60, True, 23),
        ("equal, corrections .20 -> .20: users until promotion may be claimed", 0.20, 0.20, False, 300),
        ("worse, corrections .20 -> .35: users until rollback", 0.20, 0.35, True, 150),
    ):
        drawn, alpha = values(old, new), alarm if harm else ALPHA
        ours = float(np.median(stops(*paths(arrived, drawn, harm), alpha)))
        paired = float(np.median(stops(*one_to_one_paths(arrived, drawn, harm), alpha)))
        rows.append(Row(name=name, value=ours, unit="canary users",
                        baseline=paired if math.isfinite(paired) else None, goal=f"<= {goal}"))  # fmt: skip
    for name, old, new, harm in (
        ("false promotion, candidate worse by exactly the margin (.20 -> .25)", 0.20, 0.25, False),
        ("false promotion, candidate worse by 10 points (.20 -> .30)", 0.20, 0.30, False),
        ("false rollback, candidate worse by exactly the margin (.20 -> .25)", 0.20, 0.25, True),
        ("false rollback, identical candidate (.45)", 0.45, 0.45, True),
    ):
        rows.append(_error(name, arrived, values(old, new), harm, ALPHA))
    drifting = arrivals(rng, np.repeat([0.10, 0.50], [2_000, 400]), 2_400)
    level = np.linspace(0.20, 0.60, 2_400)
    drawn = users(rng, np.where(drifting.arms, level + MARGIN, level), drifting.arms.shape)
    rows.append(
        _error("false rollback at the margin, both arms drift .20 -> .60, share .1 -> .5", drifting, drawn, True, ALPHA)
    )
    rows.append(
        _error(
            "false promotion at the margin, both arms drift .20 -> .60, share .1 -> .5", drifting, drawn, False, ALPHA
        )
    )
    return rows


def _error(name: str, arrived: Arrivals, drawn: np.ndarray, harm: bool, alpha: float) -> Row:
    decided = np.isfinite(stops(*paths(arrived, drawn, harm), alpha)).mean()
    return Row(
        name=name, value=float(decided), unit="of runs", baseline=z_stops(arrived, drawn, harm, alpha), goal="<= 0.05"
    )


def ceilings(rng: np.random.Generator) -> list[Row]:
    """Technical failures against an absolute ceiling, and the sample ratio."""
    rows = []
    for limit, goal in ((0.05, 91), (0.02, 230)):
        rows.append(Row(name=f"no failure: users that claim at most {limit:.0%}, at any time",
                        value=sequential.clean_users_needed(limit), unit="canary users",
                        baseline=zero_failure_trials(limit), goal=f"<= {goal}"))  # fmt: skip
    rates = users(rng, 0.05, (RUNS, CANARY_USERS))
    safe = betting.log_wealth_below(rates, 0.05, sequential.CEILING_SAFE_BETS).max(axis=1) >= -math.log(ALPHA)
    harm = betting.log_wealth_above(rates, 0.05, sequential.CEILING_HARM_BETS).max(axis=1) >= -math.log(ALPHA)
    naive_safe, naive_harm = _naive_ceiling(rates, 0.05)
    rows.append(Row(name="false promotion, failure rate exactly at the ceiling of 5 %", value=float(safe.mean()),
                    unit="of runs", baseline=naive_safe, goal="<= 0.05"))  # fmt: skip
    rows.append(Row(name="false rollback, failure rate exactly at the ceiling of 5 %", value=float(harm.mean()),
                    unit="of runs", baseline=naive_harm, goal="<= 0.05"))  # fmt: skip
    rising = betting.log_wealth_above(users(rng, 0.05, (RUNS, 1_000)), 0.02, sequential.CEILING_HARM_BETS)
    crossed = rising >= -math.log(ALPHA / ALARMS)
    found = np.where(crossed.any(axis=1), crossed.argmax(axis=1), math.inf)
    name, requests = (
        "failures of 5 % against a ceiling of 2 %: requests until rollback",
        float(np.median(found)) * QUESTIONS,
    )
    rows.append(Row(name=name, value=requests, unit="requests", baseline=None, goal="<= 700"))
    rows.append(_ratio_row(rng, 0.10, 0.10, "sample ratio, split as declared (10 %): false alarm", "<= 0.05"))
    rows.append(
        _ratio_row(rng, 0.10, 0.16, "sample ratio, 16 % where 10 % are declared: found within 1,000 users", ">= 0.9")
    )
    return rows


def _naive_ceiling(rates: np.ndarray, limit: float) -> tuple[float, float]:
    """Shares of runs in which Wilson's bounds on requests pass the limit, looked at after every user from the tenth."""
    requests = QUESTIONS * np.arange(1, rates.shape[1] + 1)
    failures = np.rint(rates * QUESTIONS).cumsum(axis=1).astype(int)
    most = int(failures.max())
    fewest = [next((n for n in requests if wilson(k, max(n, k), 0.9).upper < limit), math.inf) for k in range(most + 1)]
    longest = [
        max((n for n in requests if n >= k and wilson(k, n, 0.9).lower > limit), default=0) for k in range(most + 1)
    ]
    looked = requests >= 10 * QUESTIONS
    safe = (requests >= np.array(fewest)[failures]) & looked
    harm = (requests <= np.array(longest)[failures]) & looked
    return float(safe.any(axis=1).mean()), float(harm.any(axis=1).mean())


def _ratio_row(rng: np.random.Generator, declared: float, true: float, name: str, goal: str) -> Row:
    """Looked at after every 20th user."""
    runs, total = 300, 1_000
    alarms = naive = 0
    for _ in range(runs):
        arms = rng.random(total) < true
        looks = range(20, total + 1, 20)
        alarms += any(sequential.sample_ratio(arms[:n], np.full(n, declared)) >= -math.log(ALPHA) for n in looks)
        z = (arms.cumsum() - declared * np.arange(1, total + 1)) / np.sqrt(
            np.arange(1, total + 1) * declared * (1 - declared)
        )
        naive += bool((np.abs(z[19::20]) > normal_quantile(1 - ALPHA / 2)).any())
    return Row(name=name, value=alarms / runs, unit="of runs", baseline=naive / runs, goal=goal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    action: str
    canary_users: int
    all_users: int


def roll_out(rng: np.random.Generator, plan: CanaryPlan, old: float, new: float, failing: float, most: int) -> Rollout:
    """One whole rollout, decided by the rule that the product uses, looked at after every few canary users."""
    step = seen = 0
    observations: list[UserObservation] = []
    for index in range(most):
        on_canary = bool(rng.random() < plan.steps[step].share)
        corrected = float(users(rng, new if on_canary else old, (1,))[0])
        failures = round(float(users(rng, failing, (1,))[0]) * QUESTIONS) if on_canary and failing else 0
        observations.append(
            UserObservation(
                subject=str(index),
                arm="canary" if on_canary else "baseline",
                step=step,
                requests=QUESTIONS,
                technical_failures=failures,
                metrics={"corrected": corrected},
            )
        )
        seen += on_canary
        if not on_canary or (seen % LOOK_EVERY and seen > LOOK_EVERY):
            continue
        weighed = canary.weigh(plan, step=step, observations=observations)
        action, _ = canary.choose(plan, step=step, weighed=weighed)
        if action == "widen":
            step += 1
        elif action != "hold":
            return Rollout(action=action, canary_users=seen, all_users=index + 1)
    return Rollout(action="hold", canary_users=seen, all_users=most)


def rollouts(rng: np.random.Generator) -> list[Row]:
    """Whole rollouts of the two plans: shares of right or wrong decisions, and users used."""
    rows = []

    def run(plan: CanaryPlan, old: float, new: float, failing: float = 0.0, most: int = 2_000) -> list[Rollout]:
        return [roll_out(rng, plan, old, new, failing, most) for _ in range(DECISION_RUNS)]

    def share(name: str, found: list[Rollout], action: str, goal: str) -> None:
        part = sum(one.action == action for one in found) / len(found)
        rows.append(Row(name=name, value=part, unit="of rollouts", baseline=None, goal=goal))

    def median(name: str, found: list[Rollout], size: Callable[[Rollout], int], unit: str, goal: str) -> None:
        rows.append(
            Row(name=name, value=float(np.median([size(one) for one in found])), unit=unit, baseline=None, goal=goal)
        )

    for name, plan, users_goal in (("demo", DEMO, 110), ("story", STORY, 260)):
        better = run(plan, 0.55, 0.20)
        share(f"{name}: better, .55 -> .20, promoted", better, "promote", ">= 0.95")
        median(
            f"{name}: better, .55 -> .20, until promotion",
            better,
            lambda one: one.canary_users,
            "canary users",
            f"<= {users_goal}",
        )
        median(f"{name}: better, .55 -> .20, until promotion", better, lambda one: one.all_users, "users", "<= 2000")
    broken = run(DEMO, 0.20, 0.20, failing=1.0)
    share("demo: every request fails, rolled back", broken, "rollback", ">= 1")
    median("demo: every request fails, until rollback", broken, lambda one: one.all_users, "users", "<= 330")
    wrong = run(DEMO, 0.20, 0.97)
    share("demo: answers wrong, .20 -> .97, rolled back", wrong, "rollback", ">= 1")
    median("demo: answers wrong, .20 -> .97, until rollback", wrong, lambda one: one.all_users, "users", "<= 330")
    share("demo: identical candidate (.20), rolled back", run(DEMO, 0.20, 0.20, most=700), "rollback", "<= 0.05")
    share(
        "demo: better answers, but 10 % fail, promoted",
        run(DEMO, 0.55, 0.20, failing=0.10, most=700),
        "promote",
        "<= 0.05",
    )
    return rows


def _machine() -> dict[str, object]:
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        named = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(encoding="utf-8"), re.MULTILINE)
        model = named[1] if named else model
    return {"cpu": model, "cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version()}


def _commit() -> str:
    run = ["git", "rev-parse", "--short", "HEAD"]
    done = subprocess.run(run, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
