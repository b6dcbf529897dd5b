"""init: three questions, a commented volant.toml, and, where the server may start, the first trace.

Or no question: what LiteLLM's config.yaml says, in our words.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from volant.cli import first_trace, settings_file, show, starter
from volant.cli.litellm import importing
from volant.cli.options import AsJson
from volant.core.errors import BadInput, Conflict, VolantError


def add(app: typer.Typer) -> None:
    app.command()(init)


def init(
    file: Annotated[Path, typer.Argument(help="Where to write it.")] = Path(settings_file.DEFAULT),
    provider: Annotated[
        str,
        typer.Option(help="openai, anthropic, google, url (OpenAI-compatible), mock, or another of docs/providers.md."),
    ] = "",
    model: Annotated[str, typer.Option(help="The model's name there. Default: a small one.")] = "",
    base_url: Annotated[str, typer.Option(help="Where it is, up to /v1. Default: the provider's own.")] = "",
    key_env: Annotated[str, typer.Option(help="Environment variable to take the provider's key from.")] = "",
    task: Annotated[str, typer.Option(help="The first task's name; applications send it as `model`.")] = "",
    port: Annotated[int, typer.Option(help="TCP port of the server.")] = 8321,
    data_dir: Annotated[str, typer.Option(help="Where the server keeps everything.")] = "volant-data",
    from_litellm: Annotated[
        Path | None, typer.Option(help="LiteLLM's config.yaml, to say the same in Volant's words.")
    ] = None,
    start: Annotated[
        bool | None, typer.Option("--start/--no-start", help="Start the server and send one request.")
    ] = None,
    stay: Annotated[
        bool, typer.Option("--stay/--once", help="Stay with the server, or stop it after the trace.")
    ] = True,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: defaults and flags.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a commented settings file from three answers; start the server and show the first trace.

    A key is read hidden or from the environment, kept sealed by the server, and never written to the file.

    With `--from-litellm` nothing is asked: its models, routes and limits are taken over, and what has no counterpart
    is named with the reason. See docs/migrate-litellm.md.

    Example: `volant init --provider openai --task helpdesk-intent --start`
    """
    if file.exists() and not force:
        raise Conflict("file_exists", "there is a file already", where=str(file), hint="add --force to replace it")
    if from_litellm is not None:
        _check_alone(provider=provider, model=model, base_url=base_url, key_env=key_env, task=task, start=start)
        _import(from_litellm, file, {"host": "127.0.0.1", "port": port, "data_dir": data_dir}, as_json)
        return
    asks = sys.stdin.isatty() and not yes and not as_json
    chosen = _provider(provider, asks)
    offer = starter.offer_of(chosen)
    model = _model(offer, model, asks)
    key, key_is_in_env = _key(offer, key_env, asks)
    name = starter.check_task(task or (_ask("First task's name", "assistant") if asks else "assistant"))
    starts = start if start is not None else asks and typer.confirm("Start the server now?", default=True)
    named = "" if not offer.key_env or (not key and offer.key_optional) else "ref" if starts and key else "env"
    if named == "env" and key and not key_is_in_env:
        named = "ref"  # typed in, and not kept anywhere yet
    answers = starter.Answers(
        offer=chosen, task=name, model=model, base_url=base_url, key=named, port=port, data_dir=data_dir
    )
    file.write_text(starter.render(answers))
    facts: dict[str, Any] = {"file": str(file), "provider": chosen, "task": name}
    if not starts:
        show.result(facts, as_json, lambda: _next(file, chosen, named, key_is_in_env))
        return
    _start(file, answers, key, facts, stay=stay, as_json=as_json)


def _start(file: Path, answers: starter.Answers, key: str, facts: dict[str, Any], *, stay: bool, as_json: bool) -> None:
    with first_trace.Started(file) as server:
        facts |= {"url": server.facts["url"], "setup_url": server.facts.get("setup_url", "")}
        if key:
            first_trace.keep_secret(server.client, answers.offer, key)
        problem: VolantError | None = None
        if key or not _wants_key(answers.offer):
            try:
                trace = first_trace.first_trace(server.client, answers.task)
                facts |= {"inference_id": trace.inference_id, "trace_url": trace.url, "answer": trace.answer}
            except VolantError as error:
                problem = error
        if problem is not None:
            show.problem(problem, as_json)
        show.result(facts, as_json, lambda: _running(file, facts, has_key=bool(key)))
        if stay:
            server.wait()
    if problem is not None:
        raise typer.Exit(problem.exit_code)


# ---------------------------------------------------------------- from LiteLLM
def _check_alone(**given: str | bool | None) -> None:
    for name, value in given.items():
        if value:
            option = f"--{name.replace('_', '-')}"
            raise BadInput(
                "bad_option",
                f"{option} does not go with --from-litellm, whose file says it",
                where=option,
                hint="leave it out; edit the file that is written",
            )


def _import(source: Path, file: Path, server: dict[str, Any], as_json: bool) -> None:
    made = importing.run(source, server)
    file.write_text(made.text)
    facts = {
        "file": str(file),
        "deployments": made.deployments,
        "tasks": list(made.tasks),
        "environment": sorted(made.variables),
        "notes": [{"where": note.where, "sentence": note.sentence, "grave": note.grave} for note in made.notes],
    }
    show.result(facts, as_json, lambda: _imported(file, made))


def _imported(file: Path, made: importing.Imported) -> None:
    show.line(f"Wrote [bold]{escape(str(file))}[/bold]: {made.deployments} deployments, {len(made.tasks)} tasks.")
    for note in made.notes:
        mark = "[yellow]![/yellow]" if note.grave else " "
        show.line(f"{mark} [dim]{escape(note.where)}[/dim]  {escape(note.sentence)}")
    missing = sorted(name for name in made.variables if not os.environ.get(name))
    if missing:
        show.line(f"Set these where the server starts: [bold]{escape(', '.join(missing))}[/bold]")
    show.line("Next: read the file, then `volant up`; later `volant diff`, `volant apply`.")


# ---------------------------------------------------------------- the questions
def _provider(given: str, asks: bool) -> str:
    usual = next((name for name, one in starter.OFFERS.items() if one.key_env and os.environ.get(one.key_env)), "")
    if not given and asks:
        for name, one in starter.OFFERS.items():
            show.line(f"  [bold]{name.ljust(10)}[/bold] {one.title}")
        given = _ask("Where do answers come from?", usual or "openai")
    return given or usual or "mock"


def _model(offer: starter.Offer, given: str, asks: bool) -> str:
    """Of a provider that we have no small model of, it must be said."""
    given = given.strip()
    while asks and not (given or offer.model):
        given = str(typer.prompt(f"Which model of {offer.title}?")).strip()
    if given or offer.model:
        return given
    raise BadInput(
        "model_missing",
        f"say which model of {offer.title}",
        where="--model",
        hint="--model NAME, as the provider calls it",
    )


def _key(offer: starter.Offer, key_env: str, asks: bool) -> tuple[str, bool]:
    """(the key, or nothing; whether the environment has it)."""
    if key_env and not os.environ.get(key_env):
        raise BadInput("key_missing_in_env", f"{key_env} is not set", where="--key-env", hint="export it, or leave it")
    variable = key_env or offer.key_env
    found = os.environ.get(variable, "") if variable else ""
    if found:
        if asks and not typer.confirm(f"Use the key in {variable}?", default=True):
            found = ""
        else:
            return found, not key_env or key_env == offer.key_env
    if offer.key_env and asks:
        empty = "none" if offer.key_optional else "later"
        typed = typer.prompt(f"Its API key (hidden; empty: {empty})", default="", hide_input=True, show_default=False)
        return str(typed).strip(), False
    return "", False


def _ask(question: str, default: str) -> str:
    return str(typer.prompt(question, default=default)).strip()


def _wants_key(offer: str) -> bool:
    chosen = starter.offer_of(offer)
    return bool(chosen.key_env) and not chosen.key_optional


# ---------------------------------------------------------------- what is said
def _next(file: Path, chosen: str, named: str, in_env: bool) -> None:
    show.line(f"Wrote [bold]{escape(str(file))}[/bold]. Next: `volant up`; later `volant diff`, `volant apply`.")
    _say_to_do(file, chosen)
    if named == "ref":
        show.line(f"The key is not kept yet: `volant key secret {chosen}` once the server runs, and paste it.")
    elif named == "env" and not in_env:
        show.line(f"The server reads the key from {starter.offer_of(chosen).key_env} when it starts: set it first.")


def _say_to_do(file: Path, chosen: str) -> None:
    if to_do := starter.offer_of(chosen).to_do:
        show.line(f"[yellow]![/yellow] In {escape(str(file))}, under its deployment, {escape(to_do)}: it needs them.")


def _running(file: Path, facts: dict[str, Any], *, has_key: bool) -> None:
    show.line(f"\nWrote [bold]{escape(str(file))}[/bold]; Volant serves at [bold]{facts['url']}[/bold]")
    _say_to_do(file, facts["provider"])
    if facts.get("trace_url"):
        show.line(f"  it said      {escape(repr(facts['answer']))}")
        show.line(f"  first trace  {facts['trace_url']}")
        show.line(f"               volant trace show {facts['inference_id']}")
    elif not has_key and _wants_key(facts["provider"]):
        show.line(f"  no key yet   volant key secret {facts['provider']}, then ask for `{facts['task']}`")
    elif facts["provider"] == "mock":
        show.line("  no answer    start the stand-in: python -m volant.providers.mock --port 9101")
    if facts.get("setup_url"):
        show.line(f"  sign in      {facts['setup_url']}  [dim](once; makes the first person)[/dim]")
    show.line("[dim]Stop with Ctrl-C; later `volant up`.[/dim]")
