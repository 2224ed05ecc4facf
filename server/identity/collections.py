"""What phones hold about people: each their own row, and which audiences and queues they are in."""

from server.base.tx import Tx
from server.identity import accounts, queries
from server.identity.events import PersonRenamed
from server.identity.schemas import MeRow
from sync.collection import Change, Collection, Grant, Membership, Name, any_of, audience, bucket, equals, is_set
from sync.merge import LwwField


async def clean_change(_tx: Tx, change: Change) -> None:
    """Names lose control characters. Raises BadName when nothing is left of one."""
    if "full_name" in change.fields:
        change.fields["full_name"] = accounts.clean_name(change.fields["full_name"])
    if change.fields.get("display_name"):
        change.fields["display_name"] = accounts.clean_name(change.fields["display_name"])


async def tell_of_name(tx: Tx, change: Change) -> None:
    """Rows that show the person's public name learn of another one."""
    if not {"full_name", "display_name"} & change.fields.keys():
        return
    await tx.publish(PersonRenamed(user_id=change.id, public_name=await queries.name_of(tx, change.id)))


me = Collection(
    name="identity.me",  # On every phone: never renamed, never used again.
    table="identity_users",
    row=MeRow,
    buckets=(bucket("user", "id"),),
    tier=0,
    merge=LwwField(),
    may_patch=frozenset({"full_name", "display_name", "locale"}),
    guard=clean_change,
    reads=frozenset(),
    after_write=tell_of_name,
    deletion="by_server",
)

roles = Membership(table="identity_user_roles", user="user_id", audience=audience("role", "role"))

mentor_queues = Grant(
    table="identity_mentor_subjects",
    audience=audience("user", "user_id"),
    bucket=Name("mentors", "subject_id"),
    when=is_set("verified_at"),
)

parked_staff = Grant(
    table="identity_user_roles",
    audience=audience("user", "user_id"),
    bucket=Name("parked-staff"),
    when=any_of(equals("role", "staff"), equals("role", "admin"), equals("role", "super_admin")),
)
