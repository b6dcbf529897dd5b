"""Non-inferiority: may this candidate stand in for the baseline?

Knows margins, error levels and power, declared before the data are seen; answers pass, fail or insufficient
evidence, which blocks. Knows nothing of reports, releases or people.

Sources: Miller 2024, arXiv 2411.00640, §4-5; ICH E9 and CONSORT's extension for non-inferiority (Piaggio et al.
2012): the one-sided bound against a margin declared beforehand; Holm 1979 (step-down over several metrics).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from volant.core.stats.paired import PairedComparison, lower_bound, p_not_above, upper_bound
from volant.core.stats.power import items_needed_for_non_inferiority

VerdictWord = Literal["pass", "fail", "insufficient_evidence"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NonInferiorityPlan:
    """What was declared before the data: how much worse is still good enough, and how sure we want to be."""

    margin: float  # positive, in the metric's unit: 0.05 = 5 points of a rate
    alpha: float = 0.05  # probability to pass a candidate that is worse by the margin
    power: float = 0.8  # probability to pass a candidate that is as good as the baseline
    min_items: int = 0  # fewer items than this never pass
    min_clusters: int = 10  # fewer clusters than this never pass: t intervals need some (Cameron and Miller 2015, §VI)
    expected_sd: float | None = None  # of the per-item difference; the observed one is used where it is not declared


@dataclass(frozen=True, slots=True, kw_only=True)
class NonInferiorityVerdict:
    """The answer with the sentence a person reads."""

    word: VerdictWord
    reason: str
    p_value: float  # of "worse by the margin or more", adjusted where several metrics were judged together
    lower_bound: float  # one-sided, of candidate - baseline, at the level that the verdict used
    margin: float
    items: int
    items_needed: int  # for the declared power, given the spread


@dataclass(frozen=True, slots=True, kw_only=True)
class HolmResult:
    """One hypothesis of a family after Holm's correction."""

    p_value: float
    adjusted_p: float
    level: float  # at which this hypothesis was tested, or at which the procedure had stopped before it
    rejected: bool


def judge_non_inferiority(comparison: PairedComparison, plan: NonInferiorityPlan) -> NonInferiorityVerdict:
    """Pass when the one-sided lower bound of candidate - baseline exceeds -margin; see the module for the words.

    Fail when the data show it to be worse by more than the margin, or when they had the declared power and still do
    not show that it is not. Everything else is insufficient evidence.
    """
    _require_plan(plan)
    return _judge(comparison, plan, level=plan.alpha, p_value=p_not_above(comparison, -plan.margin))


def judge_family(
    comparisons: Mapping[str, PairedComparison], plans: Mapping[str, NonInferiorityPlan], alpha: float = 0.05
) -> dict[str, NonInferiorityVerdict]:
    """Judge several gated metrics or slices together, with Holm's correction at the family level alpha.

    Every comparison needs a plan of the same name (KeyError otherwise); the plans' own alphas are not used.
    """
    p_values = {name: p_not_above(comparison, -plans[name].margin) for name, comparison in comparisons.items()}
    corrected = holm(p_values, alpha)
    verdicts = {}
    for name, comparison in comparisons.items():
        _require_plan(plans[name])
        result = corrected[name]
        verdicts[name] = _judge(comparison, plans[name], level=result.level, p_value=result.adjusted_p, alpha=alpha)
    return verdicts


def holm(p_values: Mapping[str, float], alpha: float = 0.05) -> dict[str, HolmResult]:
    """Holm's step-down procedure: the family-wise error stays at alpha whatever the dependence (Holm 1979)."""
    ordered = sorted(p_values, key=lambda name: (p_values[name], name))
    results: dict[str, HolmResult] = {}
    adjusted, level, rejected = 0.0, alpha, True
    for rank, name in enumerate(ordered):
        remaining = len(ordered) - rank
        level = alpha / remaining if rejected else level  # after the first that stands, nothing else is tested
        adjusted = min(1.0, max(adjusted, remaining * p_values[name]))
        rejected = adjusted <= alpha
        results[name] = HolmResult(p_value=p_values[name], adjusted_p=adjusted, level=level, rejected=rejected)
    return {name: results[name] for name in p_values}


def _judge(
    comparison: PairedComparison,
    plan: NonInferiorityPlan,
    *,
    level: float,
    p_value: float,
    alpha: float | None = None,
) -> NonInferiorityVerdict:
    needed = _items_needed(comparison, plan, level)
    lower = lower_bound(comparison, level)
    threshold = plan.alpha if alpha is None else alpha
    word, why = _word(comparison, plan, passes=p_value <= threshold, level=level, needed=needed)
    bound = f"{comparison.difference:+.3f} (at least {lower:+.3f} with {1.0 - level:.1%} confidence)"
    reason = f"{why}: the difference is {bound}, the margin is {plan.margin:.3f}, on {comparison.items} items"
    reason += f" in {comparison.clusters} clusters." if comparison.clusters != comparison.items else "."
    return NonInferiorityVerdict(
        word=word, reason=reason, p_value=p_value, lower_bound=lower, margin=plan.margin,
        items=comparison.items, items_needed=needed,
    )  # fmt: skip


def _word(
    comparison: PairedComparison, plan: NonInferiorityPlan, *, passes: bool, level: float, needed: int
) -> tuple[VerdictWord, str]:
    if upper_bound(comparison, level) < -plan.margin and comparison.clusters >= 2:
        return "fail", "Worse by more than the margin"
    if comparison.items < plan.min_items:
        return "insufficient_evidence", f"Too few items ({plan.min_items} were declared as the minimum)"
    if comparison.clusters < plan.min_clusters:
        return "insufficient_evidence", f"Too few independent clusters ({plan.min_clusters} are the minimum)"
    if passes:
        return "pass", "Not worse than the margin allows"
    if comparison.items < needed:
        return "insufficient_evidence", f"Too few items ({needed} give {plan.power:.0%} power)"
    return "fail", f"Not shown to be within the margin although {needed} items give {plan.power:.0%} power"


def _items_needed(comparison: PairedComparison, plan: NonInferiorityPlan, level: float) -> int:
    """Items for the declared power; the design effect is the observed one."""
    sd = comparison.sd_of_difference if plan.expected_sd is None else plan.expected_sd
    return items_needed_for_non_inferiority(
        plan.margin,
        sd_of_difference=sd,
        alpha=level,
        power=plan.power,
        design_effect=max(1.0, comparison.items / comparison.effective_items),
    )


def _require_plan(plan: NonInferiorityPlan) -> None:
    if not plan.margin > 0:
        raise ValueError(f"a non-inferiority margin must be positive, got {plan.margin!r}")
    if not (0 < plan.alpha < 1 and 0 < plan.power < 1):
        raise ValueError(f"alpha and power must lie strictly between 0 and 1, got {plan.alpha!r} and {plan.power!r}")
