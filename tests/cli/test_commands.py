"""Commands against a real server: text for people, JSON for programs, errors with what to do, documented exit codes."""

from __future__ import annotations

import inspect
import json
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import typer.main

from volant import __version__
from volant.cli.client import Client
from volant.cli.commands import doctor
from volant.cli.main import build
from volant.core.errors import BadInput, VolantError

TOML = """
[[deployments]]
name = "d"
provider = "mock"
model = "m"
base_url = "http://127.0.0.1:9/v1"

[[tasks]]
name = "helpdesk"
[[tasks.variants]]
name = "v"
deployments = ["d"]
"""


def every_command() -> list[tuple[str, Any]]:
    out: list[tuple[str, Any]] = []

    def walk(command: Any, name: str) -> None:
        below = getattr(command, "commands", None)
        if below:
            for child, one in sorted(below.items()):
                walk(one, f"{name} {child}".strip())
        else:
            out.append((name, command))

    walk(typer.main.get_command(build()), "")
    return out


# ---------------------------------------------------------------- the tree itself
def test_the_issues_commands_are_all_there() -> None:
    names = {name.split()[0] for name, _ in every_command()}
    asked = "up init diff apply demo data train eval gate release rollout why impact erase key trace doctor"
    assert set(asked.split()) <= names


@pytest.mark.parametrize(
    ("name", "command"), every_command(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_teaches_and_speaks_json(name: str, command: Any) -> None:
    help_text = inspect.cleandoc(command.help or "")
    assert f"Example: `volant {name}" in help_text, "help ends with an example of this very command"
    assert any("--json" in parameter.opts for parameter in command.params)
    for parameter in command.params:
        if parameter.name != "help":
            assert getattr(parameter, "help", None), f"{name}: {parameter.name} has no help"


def test_examples_in_help_are_accepted_by_the_parser() -> None:
    commands = dict(every_command())
    for name, command in commands.items():
        for example in re.findall(r"Example: `volant ([^`]+)`", command.help or ""):
            words = example.split(" && ")[0].split(" <")[0]
            arguments = shlex.split(words)[len(name.split()) :]
            command.make_context(name, list(arguments), resilient_parsing=False).close()


def test_version_help_and_unknown_words(volant: Any) -> None:
    assert volant("--version").out.strip() == f"volant {__version__}"
    assert "rollout" in volant("--help").out
    unknown = volant("rolout")
    assert (unknown.code, "No such command" in unknown.err) == (2, True)
    missing = volant("key", "create", "--json")
    assert (missing.code, missing.error()["code"], missing.error()["where"]) == (2, "usage", "volant key create")


def test_no_command_waits_for_a_database_that_it_does_not_open() -> None:
    heavy = ("sqlalchemy", "alembic", "dbos", "fastapi", "numpy")
    code = f"import sys; from volant.cli.main import build; build(); print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# ---------------------------------------------------------------- finding the server
def test_without_a_server_commands_say_how_to_get_one(volant: Any, tmp_path: Path) -> None:
    nothing = volant("key", "list", "--json")
    assert (nothing.code, nothing.error()["code"]) == (4, "server_unknown")
    assert "volant up" in nothing.error()["hint"]
    away = volant("key", "list", "--url", "http://127.0.0.1:9", "--json")
    assert (away.code, away.error()["code"]) == (3, "key_missing")
    (tmp_path / "volant-data").mkdir()
    (tmp_path / "volant-data" / "root.key").write_text("vk_x")
    away = volant("key", "list", "--url", "http://127.0.0.1:9", "--json")
    assert (away.code, away.error()["code"]) == (8, "server_unreachable")
    assert volant("key", "list", "--url", "ftp://x", "--json").error()["code"] == "bad_url"


def test_the_server_is_found_by_url_environment_or_volant_toml(
    volant: Any, server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert volant("key", "list", "--data-dir", str(server.data)).code == 0
    (tmp_path / "volant.toml").write_text(f'[server]\ndata_dir = "{server.data}"\n')
    assert volant("key", "list").code == 0
    (tmp_path / "volant.toml").unlink()
    monkeypatch.setenv("VOLANT_URL", server.url)
    monkeypatch.setenv("VOLANT_API_KEY", server.key)
    assert volant("key", "list").code == 0
    monkeypatch.setenv("VOLANT_API_KEY", "vk_wrong")
    wrong = volant("key", "list", "--json")
    assert (wrong.code, wrong.error()["code"]) == (3, "key_unknown")


# ---------------------------------------------------------------- configuration
def test_init_writes_a_file_that_the_server_accepts(at: Any, tmp_path: Path) -> None:
    assert at("init").code == 0
    again = at("init", "--json")
    assert (again.code, again.error()["code"]) == (5, "file_exists")
    assert at("init", "--force").code == 0
    planned = at("diff", "--json")
    assert planned.code == 0
    assert "+ tasks.assistant" in planned.json()["sentences"]


def test_diff_and_apply(at: Any, tmp_path: Path) -> None:
    missing = at("diff", "--json")
    assert (missing.code, missing.error()["code"]) == (4, "config_missing")
    config = tmp_path / "other.toml"
    config.write_text(TOML)
    shown = at("diff", "--config", str(config))
    assert "+ tasks.helpdesk" in shown.out
    applied = at("apply", "--config", str(config), "--yes")
    assert (applied.code, "revision" in applied.out) == (0, True)
    assert "No differences" in at("diff", "--config", str(config)).out
    assert at("apply", "--config", str(config), "--json").json()["changes"] == []
    config.write_text(TOML.replace('deployments = ["d"]', 'deployments = ["x"]').replace("model =", "modle ="))
    wrong = at("apply", "--config", str(config), "--json")
    assert wrong.code == 2
    assert "did you mean 'model'?" in wrong.error()["message"]
    config.write_text(TOML.replace('deployments = ["d"]', 'deployments = ["x"]'))
    assert "there is no deployment 'x'" in at("apply", "--config", str(config), "--json").error()["message"]


def test_the_settings_file_that_is_named_says_which_server(volant: Any, server: Any, tmp_path: Path) -> None:
    named, here = tmp_path / "named.toml", tmp_path / "volant.toml"
    named.write_text(f'[server]\ndata_dir = "{server.data}"\n{TOML}')
    here.write_text(f'[server]\ndata_dir = "{tmp_path / "elsewhere"}"\n{TOML}')
    assert server.url in volant("diff", "--config", str(named)).out
    gone = volant("diff", "--json")
    assert (gone.code, gone.error()["code"]) == (4, "server_unknown")


def test_a_key_that_is_not_there_is_said_before_and_after(at: Any, tmp_path: Path) -> None:
    config = tmp_path / "other.toml"
    config.write_text(TOML.replace('model = "m"', 'model = "m"\napi_key_env = "NOT_SET_ANYWHERE"'))
    assert "NOT_SET_ANYWHERE is not set" in at("diff", "--config", str(config)).out
    assert "NOT_SET_ANYWHERE is not set" in at("apply", "--config", str(config), "--yes").out
    findings = {one["name"]: one for one in at("doctor", "--json").json()["findings"]}
    assert "NOT_SET_ANYWHERE is not set" in findings["deployment d"]["hint"]
    config.write_text(TOML.replace('model = "m"', 'model = "m"\napi_key_ref = "desk"'))
    assert "volant key secret desk" in at("diff", "--config", str(config)).out
    assert at("key", "secret", "desk", stdin="sk-Marked-1").code == 0
    assert "warning" not in at("diff", "--config", str(config)).out
    assert at("apply", "--config", str(config), "--yes").code == 0


def test_the_doctor_says_which_deployments_fail_and_with_what(at: Any, server: Any, tmp_path: Path) -> None:
    config = tmp_path / "other.toml"
    config.write_text(TOML)
    assert at("apply", "--config", str(config), "--yes").code == 0
    client = Client(server.url, server.key)
    with pytest.raises(VolantError):
        client.post("/v1/chat/completions", {"model": "helpdesk", "messages": [{"role": "user", "content": "hi"}]})
    end = time.monotonic() + 30
    while True:
        findings = {one["name"]: one for one in at("doctor", "--json").json()["findings"]}
        if "deployment d" in findings:
            break
        assert time.monotonic() < end, findings
        time.sleep(0.2)
    assert "connect_refused" in findings["deployment d"]["sentence"]
    assert "of the newest" in findings["deployment d"]["sentence"]
    assert findings["deployment d"]["hint"].startswith("volant trace show inf_")


# ---------------------------------------------------------------- keys
def test_a_new_key_is_shown_whatever_its_names_hold(at: Any) -> None:
    """It is shown this once: words that look like markup must not lose it. It stands before the warnings."""
    said = at("key", "create", "[/bold] app", "--task", "[/oops]", "--task", "[red]")
    assert said.code == 0, said.err
    shown = said.out.splitlines()
    clear = next(line for line in shown if line.startswith("vk_"))
    warned = [line for line in shown if "there is no task" in line]
    assert ["[/oops]" in warned[0], "[red]" in warned[1]] == [True, True]
    assert shown.index(clear) < shown.index(warned[0])
    listed = next(one for one in at("key", "list", "--json").json()["data"] if one["name"] == "[/bold] app")
    rotated = at("key", "rotate", listed["id"])
    assert rotated.code == 0, rotated.err
    newest = at("key", "list", "--json").json()["data"]
    live = next(one["id"] for one in newest if one["name"] == "[/bold] app" and not one["revoked_ms"])
    assert "[/bold] app" in at("key", "revoke", live).out


def test_a_key_is_made_shown_once_limited_and_revoked(at: Any, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = at("key", "create", "app", "--scope", "read", "--rpm", "5", "--days", "1", "--json").json()
    assert made["clear"].startswith("vk_")
    assert (made["key"]["scopes"], made["key"]["requests_per_minute"]) == (["read"], 5)
    assert made["clear"] not in at("key", "list").out
    monkeypatch.setenv("VOLANT_API_KEY", made["clear"])
    assert at("trace", "list").code == 0
    forbidden = at("key", "list", "--json")
    assert (forbidden.code, forbidden.error()["code"]) == (3, "scope_missing")
    monkeypatch.delenv("VOLANT_API_KEY")
    new = at("key", "rotate", made["key"]["id"], "--json").json()
    assert at("key", "revoke", new["key"]["id"]).code == 0
    listed = {key["id"]: key["revoked_ms"] for key in at("key", "list", "--json").json()["data"]}
    assert listed[made["key"]["id"]] > 0
    assert listed[new["key"]["id"]] > 0
    assert at("key", "revoke", "key_none", "--json").code == 4
    assert at("key", "create", "x", "--scope", "everything", "--json").error()["code"] == "bad_scope"


def test_a_keys_limits_are_set_changed_and_shown(at: Any) -> None:
    made = at(
        "key", "create", "app", "--budget", "5", "--concurrent", "4", "--operation", "chat", "--direct", "--json"
    ).json()
    key = made["key"]
    assert (key["limits"]["usd_per_day"], key["limits"]["concurrent"], key["operations"]) == (5.0, 4, ["chat"])
    assert key["direct"] is True
    changed = at("key", "limits", key["id"], "--usd-per-month", "50", "--concurrent", "0", "--json").json()
    assert (changed["limits"]["usd_per_month"], changed["limits"]["usd_per_day"]) == (50.0, 5.0), "it was not named"
    assert changed["limits"]["concurrent"] == 0
    assert at("key", "limits", "key_none", "--rpm", "1", "--json").error()["code"] == "key_unknown"
    shown = at("spend", "--over", "key")
    assert shown.code == 0
    assert "usd_per_month" in shown.out
    assert key["id"] in "".join(shown.out.split()), "two keys may have one name"
    assert at("spend", "--over", "key", "--json").json()["ceilings"][0]["name"] == key["id"]


def test_a_list_of_keys_says_every_limit_and_all_none_and_never_in_words(
    at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    made = at("key", "create", "wide", "--tokens-per-minute", "7000", "--usd-per-month", "50", "--concurrent", "4",
              "--operation", "chat", "--direct", "--json").json()  # fmt: skip
    plain = at("key", "create", "plain", "--json").json()
    lines = {line.split()[0]: line for line in at("key", "list").out.splitlines() if line.startswith("key_")}
    wide = lines[made["key"]["id"]]
    for words in ("7,000 tokens/minute", "50 USD/month", "4 at once", "chat", "yes"):
        assert words in wide
    other = lines[plain["key"]["id"]]
    assert [word for word in other.split() if word in ("all", "no", "none", "never")] == [
        "all", "all", "no", "none", "never",
    ]  # fmt: skip
    assert " 0 " not in other


def test_slips_about_keys_are_named(at: Any) -> None:
    made = at("key", "create", "app", "--task", "nope")
    assert made.code == 0
    assert "there is no task 'nope'" in made.out
    gone = at("key", "revoke", "app")
    assert gone.code == 4
    assert "there is no key 'app' in project 'default'" in " ".join(gone.err.split())
    wrong = at("spend", "--over", "user")
    assert wrong.code == 2
    assert all(name in wrong.err for name in ("key", "project", "task", "model"))


def test_secrets_come_by_standard_input(at: Any) -> None:
    assert at("key", "secret", "openai", stdin="sk-1\n").code == 0
    assert at("key", "secret", "openai", "--json", stdin="").error()["code"] == "bad_secret"


# ---------------------------------------------------------------- nouns without anything in them
@pytest.mark.parametrize("words", ["trace list", "data list", "run list", "model list", "release list", "rollout list"])
def test_lists_speak_both_ways(at: Any, words: str) -> None:
    listed = at(*words.split(), "--json")
    assert listed.code == 0
    assert isinstance(listed.json()["data"], list)
    assert at(*words.split()).out.strip()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("why inf_none", "inference_unknown"),
        ("trace show inf_none", "inference_unknown"),
        ("data show dsv_none", "dataset_version_unknown"),
        ("data export nothing", "dataset_unknown"),
        ("run show run_none", "run_unknown"),
        ("run show run_01…", "run_unknown"),
        ("run show 'Äpfel und Birnen'", "run_unknown"),
        ("run cancel run_none", "run_unknown"),
        ("model show nothing", "model_unknown"),
        ("release show rel_none", "release_unknown"),
        ("rollout show rol_none", "rollout_unknown"),
        ("erase --receipt era_none", "erasure_unknown"),
        ("gate nothing --gate standard", "model_unknown"),
        ("eval nothing", "model_unknown"),
    ],
)
def test_what_is_not_there_is_named_with_exit_code_4(at: Any, words: str, code: str) -> None:
    ended = at(*shlex.split(words), "--json")
    assert (ended.code, ended.error()["code"]) == (4, code)


def test_training_an_unknown_task_says_so(at: Any) -> None:
    ended = at("train", "nothing", "--no-follow", "--json")
    assert ended.code == 4, ended.err
    assert "nothing" in ended.error()["message"]


# ---------------------------------------------------------------- data
QUESTIONS = [
    ("where is my card", "card"), ("my card has not come", "card"), ("when does the card arrive", "card"),
    ("the new card is late", "card"), ("still waiting for a card", "card"), ("card delivery time please", "card"),
    ("what is my limit", "limit"), ("raise the limit", "limit"), ("how much may I spend", "limit"),
    ("limit for cash machines", "limit"), ("my daily limit", "limit"), ("is there any spending limit", "limit"),
]  # fmt: skip


def test_data_goes_in_is_shown_and_comes_out(at: Any, tmp_path: Path) -> None:
    pytest.importorskip("rensa", reason="needs the data extra")
    place = tmp_path / "questions.csv"
    rows = [f"{text},{label},user-{number % 4}" for number, (text, label) in enumerate(QUESTIONS)]
    place.write_text("\n".join(["question,label,user", *rows, rows[0]]) + "\n")
    made = at("data", "import", str(place), "--dataset", "bank", "--seed", "1", "--share", "train=1", "--json")
    assert made.code == 0, made.err
    version = made.json()
    assert sum(count["records"] for count in version["counts"].values()) == len(QUESTIONS)
    assert (
        at("data", "import", str(place), "--dataset", "bank", "--seed", "1", "--share", "train=1", "--json").json()[
            "id"
        ]
        == version["id"]
    )
    assert "bank" in at("data", "list").out
    shown = at("data", "show", "bank")
    assert version["id"] in shown.out
    assert "duplicate" in at("data", "show", "bank", "--removals").out
    out = tmp_path / "out.jsonl"
    assert at("data", "export", "bank", "-o", str(out), "--json").json()["rows"] == len(QUESTIONS)
    assert out.stat().st_mode & 0o777 == 0o600
    texts = {json.loads(line)["body"]["question"] for line in out.read_text().splitlines()}
    assert texts == {text for text, _ in QUESTIONS}
    assert len(at("data", "export", "bank", "--limit", "2").out.splitlines()) == 2


@pytest.mark.parametrize(
    ("content", "code", "where"),
    [
        (b"", "empty_file", "broken.csv"),
        (b"a;b\n1;2\n", "missing_columns", "broken.csv:1"),
        (b"question,label\nx\n", "no_rows", "broken.csv:2"),
        (b"\xff\xfe\x00broken", "not_text", "broken.csv"),
        (b'question,label\n"x,y\n', "unterminated_quote", "broken.csv:2"),
    ],
)
def test_broken_files_say_where_and_leave_nothing(
    at: Any, tmp_path: Path, content: bytes, code: str, where: str
) -> None:
    pytest.importorskip("rensa", reason="needs the data extra")
    place = tmp_path / "broken.csv"
    place.write_bytes(content)
    ended = at("data", "import", str(place), "--dataset", "broken", "--json")
    assert (ended.code, ended.error()["code"]) == (2, code)
    assert ended.error()["where"].endswith(where)
    assert at("data", "list", "--name", "broken", "--json").json()["data"] == []


def test_a_missing_file_and_a_bad_option_are_told_before_anything_is_sent(volant: Any, tmp_path: Path) -> None:
    assert volant("data", "import", "nothing.csv", "--json").error()["code"] == "file_missing"
    (tmp_path / "a.csv").write_text("question,label\n")
    assert volant("data", "import", "a.csv", "--share", "train", "--json").error()["code"] == "bad_option"


# ---------------------------------------------------------------- people
def test_impact_and_erasure_of_a_person_nobody_knows(at: Any) -> None:
    found = at("impact", "nobody", "--json").json()
    assert (found["kind"], found["inferences"]) == ("subject", [])
    assert "0 records" in at("impact", "nobody").out
    assert at("impact", "--json").code == 2
    assert at("erase", "--json").code == 2
    assert at("erase", "a", "--subject", "b", "--json").code == 2


# ---------------------------------------------------------------- doctor
def test_doctor_is_content_with_a_healthy_server(at: Any) -> None:
    found = at("doctor", "--json")
    assert found.code == 0, found.out
    states = {one["name"]: one["state"] for one in found.json()["findings"]}
    assert {states["server"], states["processes"], states["database"], states["data directory"]} == {"ok"}


@pytest.mark.parametrize("path", ["/api/v1/views/deployments", "/api/v1/deployments", "/api/v1/tasks"])
def test_a_view_that_fails_is_not_the_server(at: Any, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    ask = Client.get

    def broken(self: Client, asked: str, *rest: Any, **more: Any) -> Any:
        if asked == path:
            raise BadInput("scope_missing", "this key may not look", hint="use another")
        return ask(self, asked, *rest, **more)

    monkeypatch.setattr(Client, "get", broken)
    findings = {one["name"]: one for one in at("doctor", "--json").json()["findings"]}
    assert findings["server"]["state"] == "ok"
    name = "tasks" if path.endswith("tasks") else "deployments"
    assert (findings[name]["state"], findings[name]["hint"]) == ("warning", "use another")
    assert "this key may not look" in findings[name]["sentence"]


@pytest.mark.parametrize(
    ("recent", "calls", "sentence"),
    [
        (0, 0, "no request came in the last hour, so no call could be looked at"),
        (1, 1, "no call failed: 1 call of the newest 1 request of the last hour"),
        (2000, 2100, "no call failed: 2,100 calls of the newest 2,000 requests of the last hour"),
    ],
)
def test_doctor_says_how_many_calls_it_looked_at(recent: int, calls: int, sentence: str) -> None:
    shown = {"name": "d", "calls": calls, "failed_calls": 0, "failures": []}
    told = {
        "/api/v1/deployments": {"data": [{"name": "d", "missing": ""}]},
        "/api/v1/views/deployments": {"deployments": [shown], "recent": recent},
    }
    (found,) = doctor.deployments(told.__getitem__)
    assert (found["name"], found["state"]) == ("deployments", "ok")
    assert found["sentence"].endswith(sentence)


def test_doctor_names_what_is_wrong_and_what_to_do(volant: Any, server: Any, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "root.key").write_text("vk_x")
    (data / "root.key").chmod(0o644)
    port = server.url.rsplit(":", 1)[1]
    (tmp_path / "volant.toml").write_text(f'[server]\nport = {port}\ndata_dir = "{data}"\ndisk_floor_mb = 1000000000\n')
    found = volant("doctor", "--json")
    assert found.code == 1
    problems = {one["name"]: one["hint"] for one in found.json()["findings"] if one["state"] == "problem"}
    assert set(problems) == {"disk", "data directory", "port"}
    assert problems["data directory"] == f"chmod 600 {data / 'root.key'}"
    (tmp_path / "volant.toml").write_text("[server]\nprot = 1\n")
    assert volant("doctor").code == 1
