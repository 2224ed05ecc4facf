"""Everything declared, checked against itself once at start."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from sync.collection import TIER_MAX, BucketKind, Collection, Grant, Membership
from sync.mutator import Mutator

T = TypeVar("T")

ENGINE_BUCKET_KINDS = (BucketKind("public", automatic=True), BucketKind("user", automatic=True), BucketKind("parked-staff", automatic=False))


@dataclass(frozen=True)
class Registry:
    """What one release knows. `schema` rises by one with every change of a projection, a command or a policy."""

    schema: int
    collections: dict[str, Collection]
    mutators: dict[str, Mutator]
    memberships: tuple[Membership, ...]
    grants: tuple[Grant, ...]
    bucket_kinds: dict[str, BucketKind]

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
) -> Registry:
    """Collect declarations. Raises ValueError on a name used twice, an undeclared bucket kind, or a row without `id` first."""
    kinds = _unique("bucket kind", ((kind.kind, kind) for kind in (*ENGINE_BUCKET_KINDS, *bucket_kinds)))
    by_name = _unique("collection", ((collection.name, collection) for collection in collections))
    grants = tuple(grants)
    for collection in by_name.values():
        _check_collection(collection, kinds)
    for grant in grants:
        _check_kind(grant.bucket.kind, kinds, grant.table)
    return Registry(
        schema=schema,
        collections=by_name,
        mutators=_unique("mutator", ((mutator.name, mutator) for mutator in mutators)),
        memberships=tuple(memberships),
        grants=grants,
        bucket_kinds=kinds,
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


def _check_kind(kind: str, kinds: dict[str, BucketKind], where: str) -> None:
    if kind not in kinds:
        raise ValueError(f"{where}: bucket kind {kind} is not declared")
