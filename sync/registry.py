"""Everything declared, checked against itself once at start."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from sync.collection import TIER_MAX, BucketKind, Collection, Grant, Membership
from sync.merge import ByField, ByServer, Fsm, Join, LwwField
from sync.moves import MOVES
from sync.mutator import Mutator
from sync.receipts import OPS
from sync.upcast import Upcast, Upcasts, build_upcasts

T = TypeVar("T")

ENGINE_BUCKET_KINDS = (
    BucketKind("public", automatic=True),
    BucketKind("user", automatic=True),
    BucketKind("parked-staff", automatic=False),
)


@dataclass(frozen=True)
class Registry:
    """What one release knows. `schema` rises by one with every change of a projection, a command or a policy."""

    schema: int
    collections: dict[str, Collection]
    mutators: dict[str, Mutator]
    memberships: tuple[Membership, ...]
    grants: tuple[Grant, ...]
    bucket_kinds: dict[str, BucketKind]
    upcasts: Upcasts = field(default_factory=Upcasts)
    schema_floor: int = 1  # Phones of an older one still push; they get no rows until they are brought up to date.

    def is_automatic(self, bucket: str) -> bool:
        return self.bucket_kinds[bucket.partition(":")[0]].automatic


def build_registry(
    *,
    schema: int,
    collections: Iterable[Collection],
    mutators: Iterable[Mutator] = (),
    memberships: Iterable[Membership] = (),
    grants: Iterable[Grant] = (),
    bucket_kinds: Iterable[BucketKind] = (),
    upcasts: Iterable[Upcast] = (),
    schema_floor: int = 1,
) -> Registry:
    """Collect declarations, and add the engine's own: the collection `sync.ops` and the commands `sync.op.…`.

    Raises ValueError on a name used twice, an undeclared bucket kind, a row without `id` first, or a collection that
    phones may write in a way that its policy or its buckets do not allow, an upcast that leads nowhere.
    """
    kinds = _unique("bucket kind", ((kind.kind, kind) for kind in (*ENGINE_BUCKET_KINDS, *bucket_kinds)))
    by_name = _unique("collection", ((collection.name, collection) for collection in (*collections, OPS)))
    grants = tuple(grants)
    for collection in by_name.values():
        _check_collection(collection, kinds)
    for grant in grants:
        _check_kind(grant.bucket.kind, kinds, grant.table)
    commands = _unique("mutator", ((mutator.name, mutator) for mutator in (*mutators, *MOVES)))
    return Registry(
        schema=schema,
        collections=by_name,
        mutators=commands,
        memberships=tuple(memberships),
        grants=grants,
        bucket_kinds=kinds,
        upcasts=build_upcasts(upcasts, schema=schema, collections=by_name, commands=commands),
        schema_floor=schema_floor,
    )


def _unique(noun: str, pairs: Iterable[tuple[str, T]]) -> dict[str, T]:
    found: dict[str, T] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{noun} {name} is declared twice")
        found[name] = value
    return found


def _check_collection(collection: Collection, kinds: dict[str, BucketKind]) -> None:
    fields = collection.row.__struct_fields__
    if not fields or fields[0] != "id":
        raise ValueError(f"{collection.name}: the row's first field is `id`")
    if not 0 <= collection.tier <= TIER_MAX:
        raise ValueError(f"{collection.name}: tier {collection.tier} is not in 0…{TIER_MAX}")
    for rule in collection.buckets:
        _check_kind(rule.name.kind, kinds, collection.name)
    for name in (collection.may_create or frozenset()) | (collection.may_patch or frozenset()):
        if name not in fields:
            raise ValueError(f"{collection.name}: {name} may be written but is not on the wire")
    if collection.is_written_by_phones:
        _check_writable(collection)


def _check_writable(collection: Collection) -> None:
    match collection.merge:
        case ByServer():
            raise ValueError(f"{collection.name}: a phone may never write what is BY_SERVER; send a command")
        case Join(rules=rules):
            for name in sorted((collection.may_patch or frozenset()) - set(rules)):
                raise ValueError(f"{collection.name}: {name} may be patched but has no rule to join by")
        case Fsm(field=state) if state in (collection.may_patch or frozenset()):
            raise ValueError(f"{collection.name}: {state} moves by commands only")
        case ByField(rules=rules) if set(rules) != (collection.may_patch or frozenset()):
            raise ValueError(f"{collection.name}: each field that may be patched has a rule, and no other")
    if collection.look_ahead is not None and collection.reads is None:
        raise ValueError(f"{collection.name}: who looks ahead says into which tables")
    if collection.deletion == "edit_wins" and not isinstance(collection.merge, (ByField, LwwField)):
        raise ValueError(f"{collection.name}: an edit can win only where merge_state says who edited")
    if not collection.owner_columns and collection.right is None:
        raise ValueError(f"{collection.name}: phones write it, so it is in a bucket `user:…` or declares a right")


def _check_kind(kind: str, kinds: dict[str, BucketKind], where: str) -> None:
    if kind not in kinds:
        raise ValueError(f"{where}: bucket kind {kind} is not declared")
