"""Settings: precedence, all errors at once, references, schema."""

from __future__ import annotations

import json

import pytest

from volant.core.errors import BadInput
from volant.core.settings import json_schema, load, settings_hash

TASK = {"name": "t", "variants": [{"name": "a", "deployments": ["d"]}]}
DEPLOYMENT = {"name": "d", "provider": "mock", "model": "m", "base_url": "http://127.0.0.1:1/v1"}


def test_flags_win_over_environment_over_file_over_defaults() -> None:
    file = {"server": {"port": 1, "workers": 2, "host": "::1"}}
    settings, _ = load(file, {"VOLANT_PORT": "3", "VOLANT_WORKERS": "4"}, {"port": 5, "workers": None})
    assert (settings.port, settings.workers, settings.host, settings.run_nice) == (5, 4, "::1", 10)


def test_every_problem_is_named_at_once() -> None:
    file = {
        "server": {"prot": 1, "workers": "many"},
        "tasks": [{"name": "t", "variants": [{"name": "a", "deployments": "d"}]}],
        "monitors": [{"name": "m", "task": "t", "measure": "vibes", "threshold": "high"}],
    }
    with pytest.raises(BadInput) as caught:
        load(file, {"VOLANT_PROT": "x"}, {})
    text = str(caught.value)
    for part in (
        "server.prot: no such setting; did you mean 'port'?",
        "server.workers",
        "tasks.t.variants.a.deployments: must be a list",
        "monitors.m.measure",
        "monitors.m.threshold",
        "$VOLANT_PROT",
    ):
        assert part in text
    assert text.startswith("volant.toml: 6 problems")


def test_names_that_point_nowhere() -> None:
    with pytest.raises(BadInput, match=r"there is no deployment 'd'"):
        load({"tasks": [TASK]}, {}, {})
    _, documents = load({"tasks": [TASK], "deployments": [DEPLOYMENT]}, {}, {})
    assert documents.tasks[0].variants[0].deployments == ("d",)


def test_names_given_twice_and_ranges() -> None:
    with pytest.raises(BadInput) as caught:
        load({"server": {"port": 70000}, "deployments": [DEPLOYMENT, DEPLOYMENT]}, {}, {})
    assert "'d' is given twice" in str(caught.value)
    assert "server.port: must be between 0 and 65535, is 70000" in str(caught.value)


def test_hash_is_stable_and_sees_changes() -> None:
    one, _ = load({}, {}, {"port": 1})
    same, _ = load({"server": {"port": 1}}, {}, {})
    other, _ = load({}, {}, {"port": 2})
    assert settings_hash(one) == settings_hash(same) != settings_hash(other)


def test_schema_is_json_and_names_every_server_setting() -> None:
    schema = json.loads(json.dumps(json_schema()))
    server = schema["$defs"]["ServerSettings"]["properties"]
    assert {"host", "port", "data_dir", "workers"} <= set(server)
    assert "server" in schema["properties"]
    assert "tasks" in schema["properties"]
