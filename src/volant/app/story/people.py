"""People: the questions of a pool as their customers wrote them, and the customers who come again.

The server has the redacted texts; what customers type is in the file that was imported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from volant.app.story.customers import Question
from volant.app.story.server import Api
from volant.data import importing


def originals(path: Path) -> dict[int, str]:
    """Line → text as it stands in the file, personal data and broken encoding included."""
    return {row.line: row.text for row in importing.read_file(path).rows}


def questions_of(api: Api, version_id: str, pool: str, texts: Mapping[int, str]) -> list[Question]:
    """The questions of a pool, those of one customer behind each other, customers in a fixed order."""
    rows = list(api.lines(f"/api/v1/dataset-versions/{version_id}/rows", split=pool))
    found = [
        Question(
            item=f"{pool}/{row['position']}",
            user=row["body"]["user"],
            text=texts.get(row["position"], row["body"]["question"]),
            truth=row["body"]["label"],
        )
        for row in rows
    ]
    return sorted(found, key=lambda question: (question.user, question.item))


def coming_again(
    questions: Sequence[Question], name: str, rounds: int, per_user: int, *, again: bool = False
) -> Iterator[Question]:
    """The pool's customers, and then the same questions by customers who are drawn again under new names.

    `again`: even the first round is asked under new names. Everyone asks `per_user` questions: those with fewer ask
    their first ones again, those with more leave the rest.
    """
    by_user: dict[str, list[Question]] = {}
    for question in questions:
        by_user.setdefault(question.user, []).append(question)
    for number in range(rounds):
        for user, asked in by_user.items():
            who = user if number == 0 and not again else f"{user}~{name}{number}"
            for index in range(per_user):
                question = asked[index % len(asked)]
                yield Question(
                    item=f"{name}/{number}.{user}.{index}", user=who, text=question.text,
                    truth=question.truth,
                )  # fmt: skip


def facts_of(questions: Sequence[Question]) -> dict[str, Any]:
    """How many questions and customers."""
    return {"questions": len(questions), "customers": len({question.user for question in questions})}
