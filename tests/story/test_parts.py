"""The story's small parts: agents that decide the same again, customers that come again, a book that survives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from volant.app.story.agents import Agents, intent_of
from volant.app.story.book import Book
from volant.app.story.customers import Question
from volant.app.story.people import coming_again
from volant.app.story.scale import SCALES
from volant.app.story.telling import documents
from volant.core.nouns import Documents
from volant.core.settings import check_references, load

LABELS = [f"intent_{n}" for n in range(20)]


def test_agents_look_at_their_share_and_err_at_their_rate() -> None:
    agents = Agents(labels=LABELS, share=0.7, noise=0.1, seed=4)
    reviews = [agents.review(f"pool_a/{n}", json.dumps({"intent": LABELS[0]}), LABELS[0]) for n in range(4000)]
    looked = [review for review in reviews if review is not None]
    assert 0.67 < len(looked) / len(reviews) < 0.73
    noisy = [review for review in looked if review.noisy]
    assert 0.08 < len(noisy) / len(looked) < 0.12
    assert all(not review.accepted for review in noisy)  # the answer was right, and they corrected it
    assert all(review.accepted for review in looked if not review.noisy)


def test_what_agents_say_depends_on_the_item_alone() -> None:
    one, other = (Agents(labels=LABELS, share=0.5, noise=0.2, seed=9) for _ in range(2))
    answers = ["", "{}", json.dumps({"intent": LABELS[3]})]
    for n in range(200):
        said = {one.review(f"i/{n}", a, LABELS[3]) is None for a in answers}
        assert said == {other.review(f"i/{n}", "anything", LABELS[3]) is None}


@pytest.mark.parametrize("answer", ["", "no json", "[]", "null", '{"intent": 3}', '{"other": "x"}'])
def test_an_answer_without_an_intent_has_none(answer: str) -> None:
    assert intent_of(answer) is None


def test_customers_come_again_under_new_names_with_the_same_questions() -> None:
    pool = [Question(item=f"pool_b/{n}", user=f"u{n // 2}", text=f"q{n}", truth="x") for n in range(8)]
    asked = list(coming_again(pool, "canary", rounds=2, per_user=3))
    assert len({question.item for question in asked}) == len(asked) == 2 * 4 * 3
    first = {question.user for question in asked[:12]}
    assert first == {f"u{n}" for n in range(4)}
    assert not first & {question.user for question in asked[12:]}
    assert {question.text for question in asked} == {question.text for question in pool}
    fresh = list(coming_again(pool, "broken", rounds=1, per_user=3, again=True))
    assert not first & {question.user for question in fresh}


def test_a_stage_is_told_once_and_a_failed_one_again(tmp_path: Path) -> None:
    place = tmp_path / "story.json"
    book = Book(scale="tiny", data="questions.csv")

    def fails() -> dict[str, object]:
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        book.tell(place, "data", fails)
    again = Book.open(place)
    assert again is not None
    assert (again.stage, again.chapters["data"].done) == ("data", False)
    assert again.tell(place, "data", lambda: {"rows": 3}) == {"rows": 3}
    reopened = Book.open(place)
    assert reopened is not None
    assert reopened.tell(place, "data", fails) == {"rows": 3}


@pytest.mark.parametrize("name", sorted(SCALES))
def test_every_scale_is_a_configuration_that_holds(name: str) -> None:
    _, made = load(documents(SCALES[name], 1234, 99), {}, {})
    assert isinstance(made, Documents)
    assert check_references(made) == []
    assert sum(SCALES[name].shares.values()) == pytest.approx(1.0)
    assert made.monitors[0].min_count >= 99
