"""person: invite people, give them roles, and mend their access."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from volant.cli import show
from volant.cli.client import Client
from volant.cli.options import AsJson, DataDir, Project, Url, connect
from volant.core.errors import Forbidden, NotFound

people = typer.Typer(no_args_is_help=True, help="People who sign in: invite, roles, lost access.")
COLUMNS = {
    "id": "id", "name": "name", "email": "e-mail", "role": "role", "state": "state",
    "installation_admin": "installation admin", "last_login_ms": "last sign-in",
}  # fmt: skip
INVITED = {"id": "id", "email": "e-mail", "role": "role", "purpose": "purpose", "state": "state", "expires_ms": "until"}
Email = Annotated[str, typer.Argument(help="Their e-mail.")]
RoleName = Annotated[
    str, typer.Option("--role", help="admin, engineer, scientist, annotator, reviewer, operator or viewer.")
]


def add(app: typer.Typer) -> None:
    app.add_typer(people, name="person")


@people.command()
def invite(
    email: Email,
    role: RoleName = "viewer",
    installation_admin: Annotated[
        bool, typer.Option("--installation-admin", help="An admin of every project, who may make projects.")
    ] = False,
    project: Project = "",
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Make a link by which somebody becomes a member. It works once, and is shown this once.

    Example: `volant person invite cy@example.com --role engineer`
    """
    body = {"email": email, "role": role, "installation_admin": installation_admin}
    made = connect(url, data_dir, project).post("/api/v1/invitations", body)
    show.result(made, as_json, lambda: _link(made, f"Send this to {email}"))


@people.command("list")
def list_(
    everywhere: Annotated[bool, typer.Option("--everywhere", help="Everybody of the installation (root key).")] = False,
    project: Project = "",
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """The members of the project.

    Example: `volant person list`
    """
    found = connect(url, data_dir, project).get("/api/v1/people", everywhere="true" if everywhere else None)
    empty = "nobody: `volant person invite EMAIL --role admin`"
    show.result(found, as_json, lambda: show.table(found["data"], COLUMNS, empty))


@people.command()
def invitations(project: Project = "", url: Url = "", data_dir: DataDir = "", as_json: AsJson = False) -> None:
    """The project's invitations, newest first.

    Example: `volant person invitations`
    """
    found = connect(url, data_dir, project).get("/api/v1/invitations")
    show.result(found, as_json, lambda: show.table(found["data"], INVITED, "no invitations"))


@people.command()
def uninvite(
    invitation_id: Annotated[str, typer.Argument(help="The invitation's id (`volant person invitations`).")],
    project: Project = "",
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """End an invitation that was not used.

    Example: `volant person uninvite inv_01…`
    """
    gone = connect(url, data_dir, project).delete(f"/api/v1/invitations/{invitation_id}")
    show.result(gone, as_json, lambda: show.line(f"The invitation of {gone['email']} is {gone['state']}."))


@people.command()
def role(
    email: Email,
    role: RoleName,
    project: Project = "",
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Give somebody another role in the project. Their sessions end.

    Example: `volant person role ada@example.com --role reviewer`
    """
    _change(connect(url, data_dir, project), email, {"role": role}, as_json, f"has the role {role!r}")


@people.command()
def remove(email: Email, project: Project = "", url: Url = "", data_dir: DataDir = "", as_json: AsJson = False) -> None:
    """End somebody's membership of the project. Their sessions end.

    Example: `volant person remove bob@example.com`
    """
    client = connect(url, data_dir, project)
    gone = client.delete(f"/api/v1/people/{_id(client, email)}")
    show.result(gone, as_json, lambda: show.line(f"{email} is no longer a member."))


@people.command()
def disable(email: Email, url: Url = "", data_dir: DataDir = "", as_json: AsJson = False) -> None:
    """Let somebody sign in nowhere. Needs the root key or an installation admin.

    Example: `volant person disable ada@example.com`
    """
    _change(connect(url, data_dir), email, {"active": False}, as_json, "is disabled; their sessions ended")


@people.command()
def enable(email: Email, url: Url = "", data_dir: DataDir = "", as_json: AsJson = False) -> None:
    """Let somebody sign in again.

    Example: `volant person enable ada@example.com`
    """
    _change(connect(url, data_dir), email, {"active": True}, as_json, "may sign in again")


@people.command("reset-password")
def reset_password(email: Email, url: Url = "", data_dir: DataDir = "", as_json: AsJson = False) -> None:
    """Make a link by which somebody takes a new password. Needs the root key or an installation admin.

    Example: `volant person reset-password ada@example.com`
    """
    client = connect(url, data_dir)
    made = client.post(f"/api/v1/people/{_id(client, email)}/reset-password")
    show.result(made, as_json, lambda: _link(made, f"Send this to {email}; the old password works until it is used"))


@people.command()
def unlock(email: Email, project: Project = "", url: Url = "", data_dir: DataDir = "", as_json: AsJson = False) -> None:
    """End the wait after too many wrong passwords.

    Example: `volant person unlock ada@example.com`
    """
    client = connect(url, data_dir, project)
    found = client.post(f"/api/v1/people/{_id(client, email)}/unlock")
    show.result(found, as_json, lambda: show.line(f"{email} may sign in at once."))


def _change(client: Client, email: str, body: dict[str, Any], as_json: bool, sentence: str) -> None:
    changed = client.ask("PUT", f"/api/v1/people/{_id(client, email)}", body)
    show.result(changed, as_json, lambda: show.line(f"{email} {sentence}."))


def _id(client: Client, email: str) -> str:
    """Whose e-mail it is, in the installation or, without the right to see that, in the project. Raises NotFound."""
    try:
        found = client.get("/api/v1/people", everywhere="true")
    except Forbidden:
        found = client.get("/api/v1/people")
    for one in found["data"]:
        if email.strip().lower() in (one["email"], one["id"]):
            return str(one["id"])
    raise NotFound("person_unknown", f"nobody here has the e-mail {email[:80]!r}", hint="`volant person list`")


def _link(made: dict[str, Any], sentence: str) -> None:
    show.line(f"\n[bold]{made['link']}[/bold]\n\n[dim]{sentence}. It works once and is shown this once.[/dim]")
