"""What phones hold of packages besides their files, and who may write it: each learner their own."""

from sqlalchemy import text

from server.base.errors import NotFound
from server.base.events import Subscription
from server.base.tx import Tx
from server.identity.events import PersonRenamed
from server.identity.queries import name_of
from server.packages.schemas import ResultRow, StateRow
from server.packages.scorm.manifest import ITEMS_MAX
from sync.collection import Change, Collection, bucket, derived_id
from sync.errors import Refusal
from sync.merge import Join, LwwField

# Whether it is shown any more does not matter: nothing that a learner did is lost.
_SHOWN = text(
    "select exists(select from media_uses u join media_files f on f.id = u.file_id"
    " where f.id = :package and f.kind = 'package' and u.course_id is not null"
    " and (cast(:course as uuid) is null or u.course_id = cast(:course as uuid)))"
)
_STATES = text("select count(*) from packages_states where user_id = :user and package_id = :package")
_RENAME = text("update packages_results set learner_name = :name where user_id = :user and learner_name <> :name")
_INSTANTS = ("opened_at", "completed_at", "passed_at")


class WrongId(Refusal):
    """The id of such a row is made from the person and the package; this one is not."""

    code = "package.wrong_id"


class TooManyStates(Refusal):
    """A package has no more items than we keep the states of; this one asks for more."""

    code = "package.too_many_states"


async def own_state(tx: Tx, change: Change) -> None:
    """Raises WrongId, NotFound (no such package), TooManyStates."""
    if change.before is not None:
        _refuse_others(tx, change)
        return
    package_id = change.fields["package_id"]
    if change.id != derived_id("packages.states", tx.actor.id, package_id, change.fields["item"]):
        raise WrongId
    await _require_shown(tx, package_id, None)
    values = {"user": tx.actor.id, "package": package_id}
    if (await tx.db.execute(_STATES, values)).scalar_one() >= ITEMS_MAX:
        raise TooManyStates
    change.fill(user_id=tx.actor.id)


async def own_result(tx: Tx, change: Change) -> None:
    """Raises WrongId, NotFound (no such package in that course)."""
    for name in _INSTANTS:
        if change.fields.get(name) is not None:
            change.fields[name] = min(change.fields[name], tx.now)  # A phone whose clock is ahead did it just now.
    if change.before is not None:
        _refuse_others(tx, change)
        return
    course_id, package_id = change.fields["course_id"], change.fields["package_id"]
    if change.id != derived_id("packages.results", tx.actor.id, course_id, package_id):
        raise WrongId
    await _require_shown(tx, package_id, course_id)
    change.fill(user_id=tx.actor.id, learner_name=await name_of(tx, tx.actor.id))


def _refuse_others(tx: Tx, change: Change) -> None:
    if change.before is None or change.before["user_id"] != tx.actor.id:
        raise WrongId


async def _require_shown(tx: Tx, package_id: object, course_id: object) -> None:
    if not (await tx.db.execute(_SHOWN, {"package": package_id, "course": course_id})).scalar_one():
        raise NotFound("There is no such package in the course.")


states = Collection(
    name="packages.states",  # On every phone: never renamed, never used again.
    table="packages_states",
    row=StateRow,
    buckets=(bucket("user", "user_id"),),
    tier=2,
    merge=LwwField(),
    may_create=frozenset({"package_id", "item", "data"}),
    may_patch=frozenset({"data"}),
    key=("user_id", "package_id", "item"),
    deletion="by_server",
    guard=own_state,
)

_KEPT = frozenset({"score_ppm", "seconds", "opened_at", "completed_at", "passed_at"})

results = Collection(
    name="packages.results",  # On every phone: never renamed, never used again.
    table="packages_results",
    row=ResultRow,
    buckets=(bucket("user", "user_id"), bucket("course-staff", "course_id")),
    tier=1,
    merge=Join(
        {
            "score_ppm": "greater",
            "seconds": "greater",
            "opened_at": "earlier",
            "completed_at": "earlier",
            "passed_at": "earlier",
        }
    ),
    may_create=_KEPT | {"course_id", "package_id", "title"},
    may_patch=_KEPT,
    key=("user_id", "course_id", "package_id"),
    deletion="by_server",
    guard=own_result,
)


async def _show_new_name(tx: Tx, event: PersonRenamed) -> None:
    await tx.db.execute(_RENAME, {"name": event.public_name, "user": event.user_id})


subscriptions = (Subscription(PersonRenamed, _show_new_name),)
