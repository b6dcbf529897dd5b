"""People: who works in the project, who is invited, and what each role may do. Nobody's password, nobody's link."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter

from volant.api.access import ManagesPeople
from volant.api.manage.people import InvitationRow, MemberView, list_invitations, list_people
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.core.permissions import ROLES

router = APIRouter(prefix="/people", tags=["views"])


class RoleRow(msgspec.Struct, frozen=True, kw_only=True):
    """A role and what it gives."""

    role: str
    permissions: list[str]
    members: int  # of this project


class PeopleView(msgspec.Struct, frozen=True, kw_only=True):
    """The page."""

    members: list[MemberView]  # by name
    invitations: list[InvitationRow]  # newest first, also those that ended
    roles: list[RoleRow]


@router.get("", summary="The project's members, invitations and roles")
def people_view(caller: ManagesPeople, context: Has) -> Annotated[PeopleView, AsJson]:
    members = list_people(caller, context).data
    roles = [
        RoleRow(role=role, permissions=sorted(given), members=sum(one.role == role for one in members))
        for role, given in ROLES.items()
    ]
    return PeopleView(members=members, invitations=list_invitations(caller, context).data, roles=roles)
