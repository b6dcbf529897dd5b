"""Which tests run a second time when they fail: those of live processes, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import runs_again

TESTS = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    ("place", "fixtures", "again"),
    [
        ("console/test_loop.py", {"page", "browser"}, True),
        ("app/test_up.py", {"start_server"}, True),
        ("clients/test_calls.py", {"volant"}, True),
        ("lifecycle/test_backup.py", {"start_server"}, True),
        ("app/test_leases.py", {"database"}, False),
        ("gateway/test_wire.py", {"stack"}, False),
        ("cli/test_person.py", {"start_server"}, False),
    ],
)
def test_only_tests_of_live_processes_run_again(place: str, fixtures: set[str], again: bool) -> None:
    assert runs_again(TESTS / place, fixtures) is again
