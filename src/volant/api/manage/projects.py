"""Projects: those that the caller works in; a new one by the installation's admins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body

from volant.api.access import ManagesPeople, Reads
from volant.api.manage.people import need_installation_admin
from volant.api.manage.session import MyProject, my_projects
from volant.api.paging import Listing
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.api.trail import did
from volant.core.errors import Conflict
from volant.core.nouns import Noun
from volant.registry import projects

router = APIRouter(prefix="/projects", tags=["projects"])


class NewProject(Noun, frozen=True, kw_only=True):
    """A project's name, which is its id."""

    name: str


@router.get("", summary="The projects that you work in")
def list_projects(caller: Reads, context: Has) -> Annotated[Listing[MyProject], AsJson]:
    if caller.person is not None:
        return Listing(data=my_projects(context, caller.person))
    with context.db.read() as tx:
        every = [one.id for one in projects.list_all(tx)]
    mine = every if caller.installation_admin else [caller.project]
    given = sorted(caller.permissions)
    return Listing(data=[MyProject(id=one, name=one, role="", permissions=list(given)) for one in mine])


@router.post("", status_code=201, summary="Make a project")
def create_project(
    body: Annotated[NewProject, AsJson, Body()], caller: ManagesPeople, context: Has
) -> Annotated[projects.Project, AsJson]:
    need_installation_admin(caller)
    with context.db.begin() as tx:
        if any(one.id == body.name for one in projects.list_all(tx)):
            raise Conflict("project_taken", f"there is a project {body.name!r} already", where="name")
        made = projects.ensure(tx, context.keyring, body.name, now_ms=context.clock.now_ms())
        did(tx, context, caller, "project.create", "project", made.id)
    context.publish()
    return made
