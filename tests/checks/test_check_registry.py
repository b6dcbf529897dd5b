"""The registry: names are unique, and an unknown one is answered with those that exist."""

from __future__ import annotations

import pytest

from volant.checks import Finding, check, create
from volant.core.errors import Conflict, NotFound


def test_unknown_check_names_those_that_exist() -> None:
    with pytest.raises(NotFound, match="pii") as caught:
        create("toxins")
    assert caught.value.code == "unknown_check"
    assert "toxins" in caught.value.message


def test_two_classes_cannot_share_a_name() -> None:
    class Other:
        def find(self, text: str) -> list[Finding]:
            return []

    with pytest.raises(Conflict, match="pii"):
        check("pii")(Other)
    assert type(create("pii")).__name__ == "Pii"
