"""Showing: how each stage's facts look to a person. Reads facts and talks to the teller; asks no server."""

from __future__ import annotations

from collections.abc import Iterable

from volant.app.story.book import Book, Json
from volant.app.story.scale import Scale
from volant.app.story.teller import Teller, interval, share


class Showing:
    """The words and tables of a telling."""

    def __init__(self, book: Book, scale: Scale, teller: Teller) -> None:
        self.book = book
        self.scale = scale
        self.say = teller

    def facts(self, stage: str) -> Json:
        return self.book.chapters[stage].facts

    def show_data(self, facts: Json) -> None:
        fact = self.say.fact
        removed = ", ".join(f"{count} {step.replace('_', ' ')}" for step, count in facts["removed"].items()) or "none"
        changed = ", ".join(f"{count} {step}" for step, count in facts["changed"].items()) or "none"
        fact("rows", f"{facts['rows_in']:,} in, and {facts['test_rows_in']:,} of a given test")
        fact("removed, with reasons", removed)
        fact("rewritten", f"{changed} (personal data is redacted before the first write)")
        fact("leaked test items", f"{facts['leaks']} found in train; the train copies are dropped")
        drawn = f", {facts['users_drawn']:,} rows had none and got one" if facts["users_drawn"] else ""
        fact("customers", f"{sum(facts['users'].values()):,}{drawn}")
        found = facts["correlation"]
        if found:
            fact(
                "intra-user correlation",
                f"{found['value']:.3f}  [{found['low']:.3f}, {found['high']:.3f}]: two questions of one customer "
                f"share the intent in {share(found['within'])}, of two customers in {share(found['by_chance'])}",
            )
        fact(
            "intents", f"{facts['labels']}, of which the bank had {facts['known_labels']} when the first model was made"
        )
        fact(
            "splits, by customer",
            ", ".join(f"{name} {count:,}" for name, count in facts["counts"].items())
            + f" ({facts['came_later']:,} questions on later products are asked live)",
        )

    def show_model(self, facts: Json, kinds: Iterable[str] = ("accuracy", "bias", "security")) -> None:
        fact = self.say.fact
        model = facts["model"]
        fact(
            "model",
            f"{model['label']}: {model['parameters']:,} parameters, {model['tokens']:,} tokens in "
            f"{model['wall_s']:.0f} s, checkpoint of step {model['chosen_step']} by validation",
        )
        for report in facts["reports"]:
            if report["suite"] in kinds:
                for metric in report["metrics"]:
                    name = metric["name"] if metric["slice"] == "overall" else f"{metric['name']} ({metric['slice']})"
                    shown = interval(metric) if metric["unit"] == "share" else f"{metric['value']:.3f}"
                    fact(name[:24], f"{shown}  n={metric['n']}")
        for reason in facts["verdict"]["reasons"]:
            fact(f"gate: {reason['rule']}"[:24], reason["sentence"], reason["outcome"] == "pass")

    def show_traffic(self, facts: Json) -> None:
        fact = self.say.fact
        rate = facts["answered"] / facts["seconds"] if facts["seconds"] else 0.0
        fact("questions", f"{facts['questions']:,} of {facts['customers']:,} customers, {rate:.0f} requests/s")
        fact("answered rightly", f"{share(facts['accuracy'])} (a third of the products is new to the model)")
        fact(
            "engine killed",
            f"kill -9 of pid {facts['engine_killed']}: {facts['bridged']} answers came from the fallback "
            "(counted apart, asked again later)",
            facts["bridged"] > 0,
        )
        fact(
            "reviewed by agents",
            f"{facts['reviewed']:,} answers (coverage {share(self.scale.review_share, 0)}, "
            f"{share(self.scale.review_noise, 0)} of labels wrong on purpose), {facts['corrected']:,} corrected",
        )
        fact("latency", f"p50 {facts['p50_ms']:.0f} ms, p95 {facts['p95_ms']:.0f} ms as the clients saw it")

    def show_monitor(self, facts: Json) -> None:
        rows = [
            (
                name,
                f"{m['requests']:,}",
                f"{m['latency_ms_p50']:.0f} / {m['latency_ms_p95']:.0f}",
                f"{m['input_tokens'] + m['output_tokens']:,}",
                f"{m['cost_usd']:.4f}",
                f"{m['errors']}",
                share(m["corrected_share"]),
            )
            for name, m in facts["by_deployment"].items()
        ]
        self.say.table(("deployment", "requests", "p50/p95 ms", "tokens", "USD", "errors", "corrected"), rows)
        self.say.fact("alert", facts["alert"]["sentence"], True)

    def show_retrain(self, facts: Json) -> None:
        first = self.facts("first_model")
        columns = {
            "first model": exact(first, "accuracy"),
            "same, trained on": exact(facts["twin"], "accuracy"),
            "next model": exact(facts, "accuracy"),
            "TF-IDF + linear": exact(facts, "yardstick"),
        }
        self.say.fact("dataset version 2", ", ".join(f"{name} {count:,}" for name, count in facts["counts"].items()))
        rows = [
            (name, *(interval(columns[column][name]) if name in columns[column] else "–" for column in columns))
            for name in ("known", "new", "overall")
        ]
        self.say.table(("exact match on the test", *columns), rows)
        self.say.note("“same, trained on”: the first model with as much extra training and no new data.")
        self.show_model(facts, ("bias", "security"))

    def show_rollout(self, facts: Json) -> None:
        for decision in facts["decisions"]:
            users = f"{decision.get('canary_users', 0)} canary users" if decision.get("canary_users") else ""
            self.say.fact(decision["action"], f"{decision['sentence']} {users}".strip())
        again = f" ({facts['drawn_again']:,} of them drawn again under new names)" if facts["drawn_again"] else ""
        self.say.fact("customers used", f"{facts['customers']:,}{again}, {facts['answered']:,} requests")


def exact(facts: Json, suite: str) -> Json:
    """Slice → exact-match metric of a suite's report."""
    return {
        metric["slice"]: metric
        for report in facts["reports"]
        if report["suite"] == suite
        for metric in report["metrics"]
        if metric["name"] == "exact_match"
    }
