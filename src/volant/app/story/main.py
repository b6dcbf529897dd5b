"""Main: `volant demo`. Starts a server, tells the story on it, sums up, and keeps serving."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from rich.console import Console

from volant.app.story.book import Book, Json
from volant.app.story.proof import Proof
from volant.app.story.scale import SCALES, Scale
from volant.app.story.server import Api, Server
from volant.app.story.showing import Showing
from volant.app.story.standby import Standby
from volant.app.story.teller import Teller
from volant.app.story.telling import TASK, StoryFailed, Telling
from volant.app.story.verdicts import Check, checks
from volant.core.errors import BadInput, Conflict, NotFound, VolantError

EXAMPLE = Path("examples") / "helpdesk" / "questions.csv"


class DemoOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What `volant demo` was asked."""

    data_dir: Path
    data: Path | None = None  # labelled questions; None: the example that comes with the source
    test: Path | None = None
    scale: str = "demo"
    port: int = 0
    resume: bool = False
    once: bool = False
    as_json: bool = False  # the summary as JSON on standard output, the story itself on standard error
    fresh: bool = False  # begin anew, removing an earlier story's data directory


def run(options: DemoOptions, teller: Teller | None = None) -> int:
    """Tell the story; gives the exit code: 0 when every claim held. Raises VolantError for wrong options."""
    say = teller or Teller(Console(highlight=False, stderr=options.as_json))
    book, scale = _prepare(options)
    place = options.data_dir / "story.json"
    started = time.monotonic()
    standby = Standby(book.standby_port)
    book.standby_port = standby.port
    server = Server(options.data_dir, options.port or book.port)
    try:
        api = server.start()
        book.port = int(api.url.rsplit(":", 1)[1])
        book.save(place)
        telling = Telling(place, book, scale, say, server, api)
        _open(say, scale, book, options, api)
        failure = _tell(telling, Showing(book, scale, say), Proof(telling), say)
        found = [] if failure else checks(book, scale)
        good = not failure and all(check.holds for check in found)
        _close(say, book, found, failure, options, api, good, time.monotonic() - started)
        if options.as_json:
            sys.stdout.write(json.dumps(summary(book, found, failure), indent=1) + "\n")
            sys.stdout.flush()
        if not options.once:
            _serve(say)
        return 0 if good else 1
    finally:
        server.stop()
        standby.stop()


def summary(book: Book, found: Sequence[Check], failure: str) -> Json:
    """The story's outcome as JSON."""
    return {
        "scale": book.scale,
        "failure": failure,
        "checks": [{"name": c.name.strip(), "value": c.value, "holds": c.holds} for c in found],
        "stages": {
            name: {"seconds": round(chapter.seconds, 2), "facts": chapter.facts}
            for name, chapter in book.chapters.items()
        },
    }


def _tell(telling: Telling, showing: Showing, proof: Proof, say: Teller) -> str:
    """Every stage in order; gives why the story could not go on, or an empty string."""
    for number, (stage, title, sentence, tell, show) in enumerate(stages(telling, showing, proof), 1):
        say.stage(number, title, sentence)
        try:
            facts = telling.book.tell(telling.place, stage, tell)
        except StoryFailed as error:
            return f"{title}: {error}"
        except VolantError as error:
            return f"{title}: {error}"
        show(facts)
    return ""


Stage = tuple[str, str, str, Callable[[], Json], Callable[[Json], None]]


def stages(telling: Telling, showing: Showing, proof: Proof) -> Sequence[Stage]:
    """The story's stages: name, title, what happens, telling it, showing it."""
    told: list[Stage] = [
        ("data", "Data", "Import customers' questions; clean, redact, deduplicate, split by customer.",
         telling.data, showing.show_data),
        ("first_model", "Train, evaluate, gate, deploy",
         "A tokenizer and a small model from nothing; judged on the unseen test; served if its gate passes.",
         telling.first_model, showing.show_model),
        ("traffic", "Traffic and feedback",
         "Customers ask through the gateway with the openai client; agents review; one engine is killed.",
         telling.traffic, showing.show_traffic),
        ("monitor", "Monitor", "Rollups show what happened; the share of corrected answers fires an alert.",
         telling.monitor, showing.show_monitor),
        ("retrain", "Retrain",
         "The alert started a workflow: reviewed answers become data, the live model is tuned, judged and gated.",
         telling.retrain, showing.show_retrain),
        ("rollout", "Roll out",
         "New customers: shadow, then a canary under a sequential test whose unit is the customer, then everybody.",
         telling.rollout, showing.show_rollout),
        ("broken", "A bad release",
         "The same model with a wrong chat template: it passed its gate, skips the shadow, and rolls itself back.",
         telling.broken, showing.show_rollout),
    ]  # fmt: skip
    if telling.scale.control:
        told.append(
            ("control", "Control", "A model from nothing on dataset version 2, with equal training tokens.",
             proof.control, proof.show_control)
        )  # fmt: skip
    told.append(
        ("prove", "Prove it", "One answer's evidence chain; one customer's traces; their erasure and its receipt.",
         proof.prove, proof.show_proof)
    )  # fmt: skip
    return told


def _prepare(options: DemoOptions) -> tuple[Book, Scale]:
    scale = SCALES.get(options.scale)
    if scale is None:
        raise BadInput("scale_unknown", f"no scale {options.scale!r}", hint=f"scales are {', '.join(SCALES)}")
    place = options.data_dir / "story.json"
    told = Book.open(place)
    if told is not None and options.resume:
        return told, SCALES[told.scale]
    if options.resume:
        raise NotFound("no_story", "no story was begun here", where=str(options.data_dir), hint="leave out --resume")
    if options.data_dir.exists() and any(options.data_dir.iterdir()):
        if told is None or not options.fresh:
            raise Conflict(
                "data_dir_not_empty",
                "the demo begins with an empty data directory" if told is None else "a story was told here already",
                where=str(options.data_dir),
                hint="go on with --resume, begin anew with --fresh, or give another --data-dir",
            )
        shutil.rmtree(options.data_dir)
    data = options.data or EXAMPLE
    for file in (data, options.test):
        if file is not None and not file.is_file():
            raise NotFound(
                "no_such_file",
                f"there is no file {file}",
                where=str(file),
                hint="give labelled questions as CSV or JSONL: volant demo --data train.csv --test test.csv",
            )
    options.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    book = Book(scale=scale.name, data=str(data.resolve()), test=str(options.test.resolve()) if options.test else "")
    book.save(place)
    return book, scale


def _open(say: Teller, scale: Scale, book: Book, options: DemoOptions, api: Api) -> None:
    say.opening(
        "Volant: the loop turns",
        (
            f"A bank's help desk: a question in, its intent as JSON out (task {TASK}).",
            f"data    {book.data}" + (f"\ntest    {book.test}" if book.test else ""),
            f"server  {api.url}   data directory {options.data_dir}",
            f"scale   {scale.name}" + ("   (going on where the story was)" if options.resume else ""),
        ),
    )


def _close(
    say: Teller,
    book: Book,
    found: Sequence[Check],
    failure: str,
    options: DemoOptions,
    api: Api,
    good: bool,
    took: float,
) -> None:
    rows = [(check.name, check.value, "[green]✓[/green]" if check.holds else "[red]✗[/red]") for check in found]
    spent = ", ".join(f"{name.replace('_', ' ')} {chapter.seconds:.0f} s" for name, chapter in book.chapters.items())
    rows.append(("time", f"{took:.0f} s in this telling: {spent}", ""))
    if failure:
        rows.insert(0, ("the story stopped", failure, "[red]✗[/red]"))
    key = options.data_dir / "root.key"
    setup = api.get("/api/v1/invitations/setup")["link"]
    next_lines = [
        f"{setup or api.url + '/'}   the console"
        + (" (the link works once and makes the first person)" if setup else ""),
        *([f"source {sys.prefix}/bin/activate      the command volant"] if sys.prefix != sys.base_prefix else ()),
        f"export VOLANT_URL={api.url} VOLANT_API_KEY=$(cat {key})",
        f"volant why {book.notes.get('answer', 'inf_…')}      the evidence chain of one answer",
        "volant trace list              what was asked and answered",
        "volant rollout list            how the traffic moved, and why",
        f'curl $VOLANT_URL/v1/chat/completions -H "authorization: Bearer $VOLANT_API_KEY" -d '
        f'\'{{"model": "{TASK}", "messages": [{{"role": "user", "content": "my card was swallowed"}}]}}\'',
    ]
    if options.once:
        next_lines.insert(0, f"volant up --data-dir {options.data_dir}      serve what the story left")
    else:
        next_lines.insert(0, _console(api))
    if failure:
        next_lines.insert(
            0, f"logs: {options.data_dir}/logs, {options.data_dir}/runs/*/log.txt; then volant demo --resume"
        )
    title = "The loop turned" if good else "The loop did not turn as it should"
    say.ending(title, rows, next_lines, good)


def _console(api: Api) -> str:
    """Where to look at it all; while nobody can sign in, with the link that makes the first person."""
    try:
        setup = api.get("/api/v1/invitations/setup")["link"]
    except VolantError:
        setup = ""  # the story stopped because the server did
    return (
        f"{setup}      the console: this link makes you its first person" if setup else f"{api.url}/      the console"
    )


def _serve(say: Teller) -> None:
    say.note("Serving until you press Ctrl-C.")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        say.note("Stopping.")
