"""What a provider counted is believed within reason only."""

from __future__ import annotations

import pytest

from volant.dialects.openai_reading import Reading
from volant.gateway.tally import in_reason


@pytest.mark.parametrize(("said", "taken"), [(0, 0), (7, 7), (-5_000_000, 0), (10**30, 1 << 40)])
def test_no_count_gives_a_budget_back_or_fits_into_no_record(said: int, taken: int) -> None:
    counts = in_reason(Reading(input_tokens=said, output_tokens=said, cached_tokens=said, content="hi", counted=True))
    assert counts == Reading(input_tokens=taken, output_tokens=taken, cached_tokens=taken, content="hi", counted=True)
