"""Proof: the evidence chain of one answer, what one customer left behind, their erasure; and the control model."""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import msgspec

from volant.app.story.book import Json
from volant.app.story.customers import Question
from volant.app.story.showing import exact
from volant.app.story.teller import interval
from volant.app.story.telling import TASK, StoryFailed, Telling
from volant.core.nouns import Report
from volant.evals.compare import compare
from volant.governance import scan
from volant.governance.needles import make_needles
from volant.governance.receipt import Receipt, as_text
from volant.store.vault import Vault, load_master_key

LONG = 30  # characters of a question that is nobody else's by chance
CONTROL_SEED = 97


class Proof:
    """The last stages of a telling."""

    def __init__(self, telling: Telling) -> None:
        self._told = telling
        self._api = telling.api
        self._say = telling.say

    # ------------------------------------------------------------ the control
    def control(self) -> Json:
        """A model from nothing on dataset version 2 that sees as many tokens as the tuned one saw in all."""
        told = self._told
        first, tuned = told.facts("first_model")["model"], told.facts("retrain")["model"]
        options = {
            name: value for name, value in told.scale.first_options.items() if name not in ("epochs", "steps", "tokens")
        }
        body = {
            "dataset_version_id": told.facts("retrain")["dataset_version_id"],
            "recipe": told.scale.first_recipe,
            "recipe_options": {**options, "tokens": first["tokens"] + tuned["tokens"], "seed": CONTROL_SEED},
            "gate": "none",
            "release": "none",
            "name": f"{TASK}-control",
            "key": "control",
        }
        started = self._api.post(f"/api/v1/loop/{TASK}/train", body)
        done = told.workflow(started["workflow_id"], "the control model")
        control = self._report(done["report_ids"][0])
        candidate = next(
            found for one in told.facts("retrain")["report_ids"] if (found := self._report(one)).suite == "accuracy"
        )
        difference = compare(control, candidate).of("overall")
        if difference is None:
            raise StoryFailed("the control and the next model have no test item in common")
        evidence = told.evidence(done["model_id"], done["report_ids"], "")
        return {
            "model": evidence["model"],
            "overall": exact(evidence, "accuracy")["overall"],
            "difference": difference.difference,
            "low": difference.low,
            "high": difference.high,
            "sentence": difference.sentence,
        }

    def show_control(self, facts: Json) -> None:
        self._say.fact("control", interval(facts["overall"]))
        self._say.fact("next model − control", facts["sentence"], facts["difference"] >= -0.02)

    # ------------------------------------------------------------ chain, impact, erasure
    def prove(self) -> Json:
        told, api = self._told, self._api
        person, texts = self._person()
        answer = told.book.notes.get("answer") or self._an_answer()
        told.book.note(told.place, "answer", answer)
        chain = api.get(f"/api/v1/why/{answer}")
        impact = told.book.notes.get("impact") or _counted(api.get("/api/v1/impact", user=person))
        told.book.note(told.place, "impact", impact)
        before = told.book.notes.get("scan_before") or self._scan(texts, person)
        told.book.note(told.place, "scan_before", before)
        started = told.book.notes.get("erasure") or api.post("/api/v1/erasures", {"user": person, "reason": "request"})
        told.book.note(told.place, "erasure", started)
        done = told.workflow(started["workflow_id"], "erasing")
        erasure = api.get(f"/api/v1/erasures/{started['object_id']}")
        after = self._scan(texts, person)
        flagged = [model for model in api.get("/api/v1/models")["data"] if _has_flag(model, started["object_id"])]
        due = done["retrain_due_ms"]
        return {
            "answer": answer,
            "chain": _lines(chain["root"]),
            "chain_nodes": len(_lines(chain["root"])),
            "chain_gaps": chain["gaps"],
            "impact": impact,
            "hits_before": before["places"],
            "before": before,
            "hits_after": after["places"],
            "after": after,
            "receipt": erasure["receipt"],
            "receipt_text": as_text(msgspec.convert(erasure["receipt"], Receipt)),
            "outcome": erasure["receipt"]["outcome"],
            "flagged": len(flagged),
            "flagged_models": [f"{model['name']}@{model['version']}" for model in flagged],
            "retrain_due": datetime.fromtimestamp(due / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC") if due else "never",
        }

    def show_proof(self, facts: Json) -> None:
        say = self._say
        say.note(f"volant why {facts['answer']}")
        for line in facts["chain"][:40]:
            say.plain("  " + line)
        say.note("volant impact --user …")
        for name, count in facts["impact"].items():
            if count:
                say.fact(name.replace("_", " "), str(count))
        say.note("volant erase --user …")
        for name, found in (("before", facts["before"]), ("after", facts["after"])):
            places = ", ".join(f"{place} ({count})" for place, count in found["where"].items()) or "nowhere"
            say.fact(
                f"scan {name}",
                f"found in {found['places']} places: {places}; {found['files']:,} files, {found['mb']:.0f} MB, "
                f"{found['opened']:,} sealed values opened",
                (found["places"] > 0) == (name == "before"),
            )
        if facts["receipt_text"]:
            say.plain(facts["receipt_text"])
        say.fact("flagged models", ", ".join(facts["flagged_models"]), facts["flagged"] > 0)
        say.fact("retraining scheduled", facts["retrain_due"])

    def _person(self) -> tuple[str, list[str]]:
        """Whom to erase: their name (empty once they are gone) and texts. The book keeps line numbers, no name."""
        told = self._told
        questions = told.pool("pool_a")
        lines = told.book.notes.get("erased_lines")
        if lines is None:
            person = self._someone(questions)
            lines = [int(q.item.split("/")[1]) for q in questions if q.user == person and len(q.text) >= LONG]
            told.book.note(told.place, "erased_lines", lines)
        by_line = told.originals()
        names = {q.user for q in questions if int(q.item.split("/")[1]) in lines}
        return next(iter(names), ""), [by_line[line] for line in lines]

    def _someone(self, questions: list[Question]) -> str:
        """A customer of pool A, several of whose long questions were reviewed, so that a model learnt from them."""
        asked = Counter(question.user for question in questions if len(question.text) >= LONG)
        labels = sorted({question.truth for question in questions})
        agents = self._told.agents(labels)
        reviewed = Counter(
            question.user
            for question in questions
            if agents.review(question.item, "", question.truth) is not None and question.text.isascii()
        )
        best = max(asked, key=lambda user: (min(reviewed[user], 3), -abs(asked[user] - 3), user), default="")
        if not best:
            raise StoryFailed("no customer asked a question that is long enough to look for")
        return best

    def _an_answer(self) -> str:
        """An answer of the model that serves now."""
        variant = self._told.facts("rollout")["candidate"]
        found = self._api.get("/api/v1/inferences", task=TASK, variant=variant, limit=20)["data"]
        answered = [one for one in found if one["arm"] in ("live", "canary") and not one["fallback"]]
        if not answered:
            raise StoryFailed(f"no answer of {variant} is recorded")
        return str(answered[0]["id"])

    def _scan(self, texts: list[str], person: str) -> Json:
        """The decoding scan of the whole data directory; gives places and numbers, never a text."""
        data = self._told.server.data_dir
        vault = Vault(load_master_key(data, os.environ.get("VOLANT_MASTER_KEY", "")))
        needles = make_needles(texts=texts, identities=[person] if person else [])
        found = scan.scan(data, vault, needles)
        where = Counter(hit.place.split(" › ")[-1] if " › " in hit.place else hit.place for hit in found.hits)
        return {
            "places": len({(hit.place, hit.decoded) for hit in found.hits}),
            "where": dict(where.most_common(12)),
            "files": found.files,
            "mb": found.size_bytes / 1e6,
            "opened": found.sealed_opened,
            "seconds": round(found.seconds, 2),
            "unreadable": len(found.unreadable),
        }

    def _report(self, report_id: str) -> Report:
        return msgspec.convert(self._api.get(f"/api/v1/reports/{report_id}"), Report)


def _lines(node: Json, depth: int = 0) -> list[str]:
    out = ["  " * depth + ("└ " if depth else "") + node["sentence"]]
    for child in node["children"]:
        out += _lines(child, depth + 1)
    return out


def _counted(impact: Json) -> Json:
    return {name: len(value) for name, value in impact.items() if isinstance(value, list)}


def _has_flag(model: dict[str, Any], erasure_id: str) -> bool:
    return any(flag.get("erasure_id") == erasure_id for flag in model["flags"])
