"""What the tests of training share: a few questions that a tiny model can learn, and checkpoints made once."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from volant.core.clock import SystemClock
from volant.train.progress import Progress
from volant.train.recipes import build
from volant.train.rows import Row
from volant.train.worker import train

_TOPICS = {
    "card_arrival": ["my new card", "the debit card", "the card I ordered", "my replacement card"],
    "exchange_rate": ["the exchange rate", "the rate for euros", "today's dollar rate", "the currency rate"],
    "top_up_failed": ["my top-up", "the money I added", "the top up by card", "adding funds"],
}
_FRAMES = {
    "card_arrival": ["When will {} arrive?", "Where is {}?", "{} has not come yet", "How do I track {}?"],
    "exchange_rate": ["What is {}?", "Is {} any good?", "How do you set {}?", "{} looks wrong to me"],
    "top_up_failed": ["Why did {} fail?", "{} was refused", "Help, {} does not work!", "Trouble with {} again"],
}


def make_rows() -> list[Row]:
    """48 rows over three intents, every sixth of them for validation."""
    pairs = [
        (frame.format(topic), intent)
        for intent in _TOPICS
        for frame, topic in itertools.product(_FRAMES[intent], _TOPICS[intent])
    ]
    return [
        Row(
            id=f"row{i}",
            question=question,
            answer=f'{{"intent": "{intent}"}}',
            split="validation" if i % 6 == 0 else "train",
        )
        for i, (question, intent) in enumerate(pairs)
    ]


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    return make_rows()


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained debug model that answers most of its questions."""
    output = tmp_path_factory.mktemp("checkpoint")
    progress = Progress(output / "progress.jsonl", SystemClock().now_ms)
    train(
        build("debug", {"steps": 120, "checkpoint_every": 40, "dropout": 0.0}), make_rows(), output, progress, "run_c"
    )
    progress.close()
    return output / "final"
