"""Choosing: answers that a person picked become rows of a dataset's next version, as harvested ones do.

The newest judgement says what is right. Each answer becomes a row or is refused by its id with the reason: not judged,
not an intent, a question of the test, there already, a duplicate. Texts are cleaned and redacted before the first
write. A person stays in the split where they are: who is in the test gives no row to train. Knows no HTTP.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from volant.core.accounts import DAY_MS
from volant.core.errors import BadInput, Conflict
from volant.core.ids import new_id
from volant.data import cleaning, leaks
from volant.data.dedup import text_key
from volant.data.rows import Removal, Row
from volant.jobs.actions import FromTraces, RefusedTrace, TraceChoice
from volant.jobs.context import Context
from volant.loop.harvest import Usable, label_of, question_of, records_of, split_of
from volant.registry import datasets, documents, records
from volant.registry.datasets import DatasetRow, DatasetVersion, Member
from volant.traces import query

LEARNT = ("train", "validation")
TOLD = {  # a step of cleaning → what to say, and nothing of the text
    "empty": "no question is left once it is cleaned",
    "exact_duplicate": "asks the same as {keeper}, which was chosen too",
    "near_duplicate": "asks nearly the same as {keeper}, which was chosen too",
    "leak": "the same question stands in the test ({keeper})",
}


def extend(context: Context, project: str, dataset: str, choice: TraceChoice, *, by: str) -> FromTraces:
    """Version n+1 of `dataset`: version n and the chosen answers.

    Raises NotFound for a dataset that is not there, BadInput `not_intents` for a task whose answers are no intents,
    Conflict `dataset_grew` when another request made a version meanwhile.
    """
    sorting = _sort(context, project, dataset, choice.inference_ids)
    if choice.dry_run or not sorting.usable:
        return sorting.answer()
    return _keep(context, project, dataset, choice, sorting, by)


@dataclass
class _Sorting:
    """Where each chosen answer goes."""

    parent: DatasetVersion
    known: frozenset[str]
    days: int  # of retention
    tasks: dict[str, str] = field(default_factory=dict)  # inference → task
    usable: list[Usable] = field(default_factory=list)
    splits: dict[str, str] = field(default_factory=dict)  # inference → split
    redacted: set[str] = field(default_factory=set)
    refused: dict[str, RefusedTrace] = field(default_factory=dict)

    def refuse(self, inference_id: str, code: str, reason: str) -> None:
        self.refused[inference_id] = RefusedTrace(inference_id=inference_id, code=code, reason=reason)

    def answer(self, version_id: str = "") -> FromTraces:
        kept = [one.answer.inference_id for one in self.usable if one.answer.inference_id not in self.refused]
        return FromTraces(
            version_id=version_id,
            parent_id=self.parent.id,
            added=len(kept),
            splits=dict(sorted(Counter(self.splits[one] for one in kept).items())),
            redacted=len(self.redacted & set(kept)),
            refused=tuple(self.refused.values()),
        )


def _sort(context: Context, project: str, dataset: str, ids: Sequence[str]) -> _Sorting:
    """Read, judge, clean; nothing is written."""
    with context.db.read() as tx:
        parent = datasets.newest(tx, project, dataset)
        before = list(datasets.rows(tx, context.keyring, context.blobs, project, parent.id))
        found = query.inferences_of(tx, project, ids)
        judged = query.judged_answers(tx, context.keyring, project, ids)
        days = documents.current(tx, project).documents.policy.retention_days
    known = parent.funnel.get("known_labels", ()) if isinstance(parent.funnel, dict) else ()
    sorting = _Sorting(parent=parent, known=frozenset(known), days=days)
    sorting.tasks = {one.id: one.task for one in found.values()}
    had = {row.inference_id: row.record_id for row in before if row.inference_id}
    answers = []
    for one in ids:
        code, reason = _unfit(found.get(one), judged, had.get(one, ""))
        answer = judged.get(one)
        if code or answer is None:
            sorting.refuse(one, code or "no_text", reason or "its text is not kept")
        else:
            answers.append(answer)
    labelled = _labelled(sorting, answers)
    _clean(sorting, labelled, before)
    _place(sorting, before)
    return sorting


def _unfit(one: query.Inference | None, judged: dict[str, query.ReviewedAnswer | None], held: str) -> tuple[str, str]:
    """Why an answer can be no row, before its text is looked at: code and reason; empty when it can."""
    if one is None:
        return "unknown", "there is no such inference in this project"
    if held:
        return "already", f"the dataset has it already, as {held}"
    if one.erased_ms:
        return "erased", "its person was erased"
    if one.arm not in ("live", "canary"):
        return "shadow", "a shadow gave it: no caller saw it"
    if one.fallback:
        return "fallback", "a fallback gave it"
    if one.status >= 400 or one.status == 0:
        return "failed", f"it failed with status {one.status}"
    if one.id not in judged:
        return "unjudged", "nobody accepted or corrected it"
    if judged[one.id] is None:
        return "no_text", "its text is not kept: the task records none, its time ran out, or its person was erased"
    return "", ""


def _labelled(sorting: _Sorting, answers: Iterable[query.ReviewedAnswer]) -> list[Usable]:
    """Answers with their question and label. Raises BadInput for a task none of whose answers says an intent."""
    out: list[Usable] = []
    said: Counter[str] = Counter()
    intents: Counter[str] = Counter()
    for one in answers:
        task, question, label = sorting.tasks[one.inference_id], question_of(one.input), label_of(one)
        if one.corrected and one.demonstration is None:
            sorting.refuse(one.inference_id, "no_right_answer", "it was corrected, and nobody said what is right")
            continue
        said[task] += 1
        intents[task] += bool(label)
        if not label:
            whose = "the right answer" if one.demonstration is not None else "the accepted answer"
            sorting.refuse(one.inference_id, "not_intent", f'{whose} is not of the form {{"intent": "…"}}')
        elif not question:
            sorting.refuse(one.inference_id, "no_question", "its request holds no text of a user")
        else:
            out.append(Usable(one, question, label))
    other = sorted(task for task in said if not intents[task])
    if other:
        raise BadInput(
            "not_intents",
            f'no judged answer of {", ".join(map(repr, other))} that was chosen is of the form {{"intent": "…"}}',
            where="inference_ids",
            hint='rows are made of labelling tasks; choose answers that say {"intent": "…"}, or give that as the '
            "right answer",
        )
    return out


def _clean(sorting: _Sorting, labelled: Sequence[Usable], before: Sequence[DatasetRow]) -> None:
    """Leaks, cleaning and redaction, duplicates: among the chosen (the newest stays), and with what is learnt from."""
    newest = sorted(labelled, key=lambda one: (one.answer.started_ms, one.answer.inference_id), reverse=True)
    by_id = {one.answer.inference_id: one for one in newest}
    rows = [Row(id=one.answer.inference_id, text=one.question, label=one.label) for one in newest]
    tested = [Row(id=row.record_id, text=_text(row)) for row in before if row.split == "test"]
    early = leaks.drop_leaks(rows, tested)  # before anything is removed in favour of a leak
    cleaned = cleaning.clean(early.kept, cleaning.CleaningPolicy(languages=()))
    sealed = leaks.drop_leaks(cleaned.kept, tested)  # again: the test's questions are redacted
    for removal in (*early.removals, *cleaned.removals, *sealed.removals):
        sorting.refuse(removal.row.id, removal.step, _told(removal))
    learnt = {text_key(_text(row)): row for row in before if row.split in LEARNT}
    sorting.redacted = {change.row_id for change in cleaned.changes if change.step == "pii"}
    for row in sealed.kept:
        there = learnt.get(text_key(row.text))
        if there is None:
            sorting.usable.append(by_id[row.id]._replace(question=row.text))
            continue
        differs = "" if there.body.get("label") == row.label else ", with another label"
        sorting.refuse(row.id, "already", f"{there.split} has the same question as {there.record_id}{differs}")


def _place(sorting: _Sorting, before: Iterable[DatasetRow]) -> None:
    """A split for each: its person's, where they have one; else by the hash of the person, or of the item."""
    homes: dict[str, set[str]] = {}
    for row in before:
        if row.subject:
            homes.setdefault(row.subject, set()).add(row.split)
    kept = []
    for one in sorting.usable:
        answer = one.answer
        home = homes.get(answer.subject, set()) if answer.subject else set()
        if "test" in home:
            reason = "its person's questions are the test: none of theirs may be learnt from"
            sorting.refuse(answer.inference_id, "tested_person", reason)
            continue
        mine = next((split for split in LEARNT if split in home), "")
        sorting.splits[answer.inference_id] = mine or split_of(answer.subject or answer.item or answer.inference_id)
        kept.append(one)
    sorting.usable = kept


def _keep(context: Context, project: str, dataset: str, choice: TraceChoice, sorting: _Sorting, by: str) -> FromTraces:
    now_ms, version_id = context.clock.now_ms(), new_id("dataset_version")
    with context.db.begin() as tx:
        if datasets.newest(tx, project, dataset).id != sorting.parent.id:
            raise Conflict(
                "dataset_grew", f"{dataset!r} got another version meanwhile", where=dataset, hint="ask again"
            )
        members = []
        for task in sorted({sorting.tasks[one.answer.inference_id] for one in sorting.usable}):
            part = [one for one in sorting.usable if sorting.tasks[one.answer.inference_id] == task]
            rows = records_of(
                part,
                f"feedback/{task}/{version_id}",
                now_ms + sorting.days * DAY_MS,
                purpose=choice.purpose,
                legal_basis=choice.legal_basis,
            )
            ids = records.insert_records(tx, context.keyring, project, rows, now_ms=now_ms)
            for one, record_id in zip(part, ids, strict=True):
                inference_id = one.answer.inference_id
                if record_id:
                    members.append(Member(record_id, sorting.splits[inference_id], one.label in sorting.known))
                else:
                    sorting.refuse(inference_id, "erased", "its person was erased")
        if not members:
            return sorting.answer()
        datasets.create_version(
            tx,
            context.blobs,
            project,
            dataset,
            members,
            now_ms=now_ms,
            parent_id=sorting.parent.id,
            funnel=_funnel(sorting, choice),
            version_id=version_id,
        )
        told = {"parent": sorting.parent.id, "records": len(members), "refused": len(sorting.refused)}
        context.audit(tx, project, by, "dataset.extend", "dataset_version", version_id, **told)
    return sorting.answer(version_id)


def _funnel(sorting: _Sorting, choice: TraceChoice) -> dict[str, object]:
    return {
        "rows_in": len(choice.inference_ids),
        "removed": dict(sorted(Counter(one.code for one in sorting.refused.values()).items())),
        "removals": [
            {"row": one.inference_id, "step": one.code, "reason": one.reason} for one in sorting.refused.values()
        ],
        "changed": {"pii": len(sorting.redacted)} if sorting.redacted else {},
        "known_labels": sorted(sorting.known),
        "labels": sorted({one.label for one in sorting.usable}),
    }


def _told(removal: Removal) -> str:
    return TOLD.get(removal.step, removal.step.replace("_", " ")).format(keeper=removal.keeper_id)


def _text(row: DatasetRow) -> str:
    return str(row.body.get("question", ""))
