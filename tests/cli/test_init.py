"""`volant init`: questions on a real terminal, flags without one, and what the file says."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import termios
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

from volant import providers
from volant.cli import starter
from volant.core import settings
from volant.registry import documents as documents_

KEY = "sk-typed-Marked-0123456789"


@pytest.mark.parametrize("offer", list(starter.OFFERS))
@pytest.mark.parametrize("key", ["", "ref", "env"])
def test_every_offer_makes_a_file_that_holds(offer: str, key: str) -> None:
    text = starter.render(starter.Answers(offer=offer, task="helpdesk", key=key, data_dir='odd "folder"'))
    made, documents = settings.load(tomllib.loads(text), {}, {})
    assert made.data_dir == 'odd "folder"'
    [deployment] = documents.deployments
    assert bool(deployment.api_key_ref) == (key == "ref")
    assert documents.tasks[0].variants[0].deployments == (deployment.name,)
    uncommented = "\n".join(
        line.removeprefix("# ") if "[[" in line or " = " in line else line for line in text.splitlines()
    )
    remark = starter.OFFERS[offer].remark
    tomllib.loads(uncommented.replace(remark, "#") if remark else uncommented)


@pytest.mark.parametrize("name", [one for one in providers.names() if one not in ("local", "compatible")])
def test_every_provider_can_be_the_first(name: str, volant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    assert volant("init", "--provider", name, "--model", "some-model", "--json").code == 0
    _, documents = settings.load(tomllib.loads(Path("volant.toml").read_text()), {}, {})
    documents_.check(documents, "volant.toml")
    [deployment] = documents.deployments
    sheet = providers.find(name)
    assert (deployment.provider, deployment.model) == (name, "some-model")
    assert deployment.api_key_env == ("" if sheet.key_optional else sheet.key_env)


@pytest.mark.parametrize("name", ["vllm", "ollama"])
def test_a_server_of_ones_own_needs_no_key(name: str, volant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    variable = providers.find(name).key_env
    monkeypatch.delenv(variable, raising=False)
    said = volant("init", "--provider", name, "--model", "m")
    assert (said.code, "API_KEY" in said.out, "api_key" in Path("volant.toml").read_text()) == (0, False, False)
    monkeypatch.setenv(variable, KEY)
    assert volant("init", "--provider", name, "--model", "m", "--force").code == 0
    assert f'api_key_env = "{variable}"' in Path("volant.toml").read_text()


@pytest.mark.parametrize(("name", "needs"), [("azure", 'resource = "…"'), ("groq", "")])
def test_what_a_provider_needs_besides_is_said(name: str, needs: str, volant: Any) -> None:
    said = volant("init", "--provider", name, "--model", "m").out
    assert ("options" in said, needs in said) == (bool(needs), True)
    assert needs in Path("volant.toml").read_text()


def test_a_model_of_blanks_is_none(volant: Any) -> None:
    wrong = volant("init", "--provider", "groq", "--model", " ", "--json")
    assert (wrong.code, wrong.error()["code"]) == (2, "model_missing")


def test_anthropic_is_called_in_its_own_words(volant: Any) -> None:
    assert volant("init", "--provider", "anthropic", "--json").code == 0
    _, documents = settings.load(tomllib.loads(Path("volant.toml").read_text()), {}, {})
    assert documents.deployments[0].provider == "anthropic"
    assert documents.deployments[0].base_url == ""


def test_a_provider_without_a_usual_model_asks_for_one(volant: Any) -> None:
    wrong = volant("init", "--provider", "groq", "--json")
    assert (wrong.code, wrong.error()["code"]) == (2, "model_missing")
    assert not Path("volant.toml").exists()


def test_wrong_answers_say_what_is_right(volant: Any) -> None:
    wrong = volant("init", "--provider", "openia", "--json")
    assert (wrong.code, wrong.error()["code"]) == (2, "bad_provider")
    assert "anthropic" in wrong.error()["hint"]
    assert volant("init", "--task", "My Task", "--json").error()["code"] == "bad_task_name"
    assert volant("init", "--key-env", "NO_SUCH_VARIABLE", "--json").error()["code"] == "key_missing_in_env"
    assert not Path("volant.toml").exists()


def test_without_a_terminal_nothing_is_asked(volant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    said = volant("init", "--json")
    assert said.json() == {"file": "volant.toml", "provider": "anthropic", "task": "assistant"}
    text = Path("volant.toml").read_text()
    assert 'api_key_env = "ANTHROPIC_API_KEY"' in text
    assert KEY not in text


def test_enter_is_no_model(tmp_path: Path) -> None:
    """Nor are blanks: it is asked until it is said."""
    answers = [
        ("Which model of Groq?", "\n"), ("Which model of Groq?", "  \n"), ("Which model of Groq?", "llama-x\n"),
        ("empty: later)", "\n"), ("task's name", "\n"), ("Start the server", "n\n"),
    ]  # fmt: skip
    _answer(tmp_path, answers, "--provider", "groq")
    _, documents = settings.load(tomllib.loads((tmp_path / "volant.toml").read_text()), {}, {})
    assert documents.deployments[0].model == "llama-x"


def test_three_questions_on_a_terminal_and_the_key_is_not_shown(tmp_path: Path) -> None:
    shown = _answer(tmp_path, [
        ("come from?", "\n"), ("empty: later)", f"{KEY}\n"), ("task's name", "helpdesk\n"), ("Start the server", "n\n"),
    ])  # fmt: skip
    assert KEY not in shown
    text = (tmp_path / "volant.toml").read_text()
    assert KEY not in text
    assert 'name = "helpdesk"' in text
    assert 'api_key_ref = "openai"' in text


def _answer(folder: Path, answers: list[tuple[str, str]], *arguments: str) -> str:
    """What `volant init` shows on a terminal where somebody answers."""
    outer, inner = pty.openpty()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("VOLANT_") and "API_KEY" not in name
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "volant.cli", "init", "--port", "0", *arguments], cwd=folder, env=environment,
        stdin=inner, stdout=inner, stderr=inner,
    )  # fmt: skip
    os.close(inner)
    shown = ""
    for question, answer in answers:
        shown += _until(outer, question)
        if "empty: later" in question:
            _until_hidden(outer)
        os.write(outer, answer.encode())
    shown += _until(outer, "Next:")
    assert process.wait(30) == 0
    os.close(outer)
    return shown


def test_it_starts_asks_and_says_what_was_wrong_with_the_key(tmp_path: Path) -> None:
    """A provider that is not there: the file is written, the server runs, and the error says what happened."""
    ran = subprocess.run(
        [sys.executable, "-m", "volant.cli", "init", "--provider", "url", "--base-url", "http://127.0.0.1:9/v1",
         "--port", "0", "--key-env", "SOME_KEY", "--start", "--once", "--json"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, env={**os.environ, "SOME_KEY": KEY},
    )  # fmt: skip
    assert ran.returncode != 0
    assert json.loads(ran.stderr.splitlines()[-1])["error"]["code"] == "upstream_failed"
    assert json.loads(ran.stdout)["url"].startswith("http://127.0.0.1:")


def _until_hidden(fd: int, seconds: float = 90.0) -> None:
    """What is typed before the terminal hides it is thrown away."""
    end = time.monotonic() + seconds
    while termios.tcgetattr(fd)[3] & termios.ECHO:
        assert time.monotonic() < end, "the terminal shows what is typed"
        time.sleep(0.02)


def _until(fd: int, words: str, seconds: float = 90.0) -> str:
    data = ""
    end = time.monotonic() + seconds
    while words not in data:
        ready, _, _ = select.select([fd], [], [], max(0, end - time.monotonic()))
        assert ready, f"{words!r} did not come: {data!r}"
        data += os.read(fd, 4096).decode()
    return data
