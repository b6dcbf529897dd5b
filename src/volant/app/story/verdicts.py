"""Verdicts: what must hold at the end of the story, as claims with their figures."""

from __future__ import annotations

from dataclasses import dataclass

from volant.app.story.book import Book
from volant.app.story.scale import Scale
from volant.app.story.showing import exact
from volant.app.story.teller import interval, share


@dataclass(frozen=True, slots=True)
class Check:
    """One claim."""

    name: str
    value: str
    holds: bool


def checks(book: Book, scale: Scale) -> list[Check]:
    """Every claim of the story."""
    first, retrained = book.chapters["first_model"].facts, book.chapters["retrain"].facts
    before, after = exact(first, "accuracy"), exact(retrained, "accuracy")
    twin, yardstick = exact(retrained["twin"], "accuracy"), exact(retrained, "yardstick")
    data, traffic = book.chapters["data"].facts, book.chapters["traffic"].facts
    rollout, broken = book.chapters["rollout"].facts, book.chapters["broken"].facts
    proof = book.chapters["prove"].facts
    overall = after["overall"]["value"]
    out = [
        Check("accuracy before", interval(before["overall"]), True),
        Check("accuracy after", interval(after["overall"]), overall >= scale.target_accuracy),
        Check("  on known intents", f"{interval(before['known'])} → {interval(after['known'])}",
              _passed(retrained, "known")),
        Check("  on new intents", f"{interval(before['new'])} → {interval(after['new'])}",
              scale.name == "tiny" or after["new"]["value"] > before["new"]["value"]),
        Check("equal training, no new data", interval(twin["overall"]),
              scale.name == "tiny" or twin["overall"]["value"] < overall),
        Check("TF-IDF + linear classifier", interval(yardstick["overall"]), True),
        Check("leaked test items found", str(data["leaks"]), True),
        Check("engine killed and bridged", f"{traffic['bridged']} answers by the fallback", traffic["bridged"] > 0),
        Check("good candidate", f"{rollout['state']}, {_users(rollout)}", rollout["state"] == "promoted"),
        Check("broken candidate", f"{broken['state'].replace('_', ' ')}, {_users(broken)}",
              broken["state"] == "rolled_back"),
        Check("evidence chain", f"{proof['chain_nodes']} nodes, {len(proof['chain_gaps'])} gaps",
              proof["chain_nodes"] > 5 and not proof["chain_gaps"]),
        Check("erasure", f"{proof['hits_before']} places before, {proof['hits_after']} after",
              proof["hits_before"] > 0 and proof["hits_after"] == 0 and proof["outcome"] == "complete"),
        Check("models trained on them", f"{proof['flagged']} flagged, retraining due {proof['retrain_due']}",
              proof["flagged"] > 0),
    ]  # fmt: skip
    if "control" in book.chapters:
        control = book.chapters["control"].facts
        out.append(
            Check("control from nothing",
                  f"{interval(control['overall'])}; next model − control {share(control['difference'])} "
                  f"[{share(control['low'])}, {share(control['high'])}]",
                  control["difference"] >= -0.02)
        )  # fmt: skip
    return out


def _passed(retrained: dict[str, object], word: str) -> bool:
    reasons = retrained["verdict"]["reasons"]  # type: ignore[index]
    return all(reason["outcome"] == "pass" for reason in reasons if word in reason["rule"])


def _users(facts: dict[str, object]) -> str:
    decisions = facts["decisions"]
    last = decisions[-1] if isinstance(decisions, list) and decisions else {}
    return f"{last.get('canary_users', 0)} canary users, {facts['customers']:,} customers in all"
