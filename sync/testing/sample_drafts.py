"""The sample school's shared drafts: rows that a team writes, with a rule for each field. Runs on every store."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from sync.collection import BucketKind, Change, Collection, bucket
from sync.errors import Refusal
from sync.merge import Append, ByField, Cas, Elements, Lww, Place, Text
from sync.testing.sample_tx import SampleTx


class NotOnTheTeam(Refusal):
    """Only members of the team write its sheets."""

    code = "team.not_member"


class SheetNotEmpty(Refusal):
    """The sheet has remarks that you had not seen; delete those first."""

    code = "sheet.not_empty"


class SheetGone(Refusal):
    """The sheet was deleted meanwhile; put the remark on another one."""

    code = "sheet.gone"


class SheetRow(msgspec.Struct, frozen=True):
    id: UUID
    team: str
    title: Annotated[str, msgspec.Meta(max_length=100)] | None
    body: Annotated[str, msgspec.Meta(max_length=500)] | None
    place: str | None
    tags: list[str] | None
    locale: str | None
    status: str | None
    price: int | None
    shown_at: datetime | None


class RemarkRow(msgspec.Struct, frozen=True):
    id: UUID
    team: str
    sheet_id: UUID
    text: Annotated[str, msgspec.Meta(max_length=200)]


async def ask_team(tx: SampleTx, change: Change) -> None:
    """Members are those with a note of their own whose text is the team's name."""
    member = await tx.get("sample_notes", tx.actor.id)
    team = change.fields.get("team") if change.before is None else change.before["team"]
    if member is None or member["text"] != team:
        raise NotOnTheTeam


async def guard_sheet(tx: SampleTx, change: Change) -> None:
    """A sheet goes only without its remarks: one that somebody made meanwhile is not lost with it."""
    if change.kind == "delete" and change.before is not None:
        pinned = await tx.get("sample_remarks", change.before["id"])  # A sheet has one remark at most, with its id.
        if pinned is not None and pinned["deleted_at"] is None:
            raise SheetNotEmpty


async def guard_remark(tx: SampleTx, change: Change) -> None:
    """On a sheet that is there."""
    if change.kind == "delete":
        return
    sheet = await tx.get("sample_sheets", change.fields["sheet_id"])
    if sheet is None or sheet["deleted_at"] is not None:
        raise SheetGone


SHEETS = Collection(
    name="sample.sheets",
    table="sample_sheets",
    row=SheetRow,
    buckets=(bucket("team", "team"),),
    merge=ByField(
        {
            "title": Text(length_max=60),
            "body": Text(marked_while_null="shown_at"),
            "place": Place(),
            "tags": Elements(count_max=4, length_max=20),
            "locale": Lww(),
            "status": Cas(),
            "price": Cas(),
        }
    ),
    may_create=frozenset({"team", "title", "body", "place", "tags", "locale", "status", "price"}),
    may_patch=frozenset({"title", "body", "place", "tags", "locale", "status", "price"}),
    deletion="edit_wins",
    right=ask_team,
    guard=guard_sheet,
)
REMARKS = Collection(
    name="sample.remarks",
    table="sample_remarks",
    row=RemarkRow,
    buckets=(bucket("team", "team"),),
    merge=Append(),
    may_create=frozenset({"team", "sheet_id", "text"}),
    deletion="delete_wins",
    right=ask_team,
    guard=guard_remark,
)

DRAFTS = (SHEETS, REMARKS)
TEAM_KIND = BucketKind("team", automatic=True)
