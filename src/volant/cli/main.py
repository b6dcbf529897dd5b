"""Main: the command `volant`. Finds its commands by module, shows errors, gives the documented exit codes.

Exit codes: 0 done; 1 unexpected; 2 wrong input or usage; 3 key or scope; 4 not found; 5 the state forbids it (port in
use, two servers on one folder, gate not passed); 6 a limit; 7 no room (disk, memory); 8 server or upstream not there;
130 interrupted.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from typing import Annotated, Any

import typer

from volant import __version__
from volant.cli import commands, show
from volant.core.errors import VolantError

UsageError: Any = typer.BadParameter.__mro__[1]  # typer brings its own click, or not, by version: ask typer
EPILOG = "Exit codes: 0 done, 2 input, 3 key, 4 not found, 5 state, 6 limit, 7 no room, 8 not there. More: docs/cli.md"


def build() -> typer.Typer:
    """The whole command tree."""
    app = typer.Typer(
        name="volant",
        help="Runs the whole life of a language model in production, as one loop.\n\n"
        "Start: `volant up`. See the loop turn: `volant demo`.",
        epilog=EPILOG,
        no_args_is_help=True,
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for module in pkgutil.iter_modules(commands.__path__):
        importlib.import_module(f"{commands.__name__}.{module.name}").add(app)
    return app


def main() -> None:
    """Entry point. Every error leaves with its exit code, as text or as JSON on stderr."""
    as_json = "--json" in sys.argv[1:]
    try:
        code = build()(standalone_mode=False, prog_name="volant")
        sys.exit(code if isinstance(code, int) else 0)
    except VolantError as error:
        show.problem(error, as_json)
        sys.exit(error.exit_code)
    except UsageError as error:
        if message := error.format_message():  # empty: a group without a command has shown its help
            hint = "add --help to see what it takes"
            show.problem(VolantError("usage", message, where=_place(error), hint=hint), as_json)
        sys.exit(2)
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()  # `volant … | head`: nobody listens any more
        sys.exit(0)


def _place(error: Any) -> str:
    """The command that was misused, e.g. `volant key create`."""
    context = getattr(error, "ctx", None)
    return str(context.command_path) if context is not None else "volant"


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"volant {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    pass
