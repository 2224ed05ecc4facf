"""The only list of features; its order is the order in which subscribers hear an event."""

from server import (
    assessments,
    catalog,
    identity,
    imports,
    library,
    media,
    notifications,
    operations,
    packages,
    questions,
)
from server.base.events import Bus
from server.base.feature import Feature
from server.base.jobs import Job
from server.base.models import Model
from server.base.tx import Visible
from server.exchange import bases
from sync.registry import Registry, build_registry

SCHEMA = 2  # Rises with every change of a projection, a command or a policy.
SCHEMA_FLOOR = 1  # Phones of an older release push, and are asked to upgrade before they get rows again.

FEATURES: tuple[Feature, ...] = (
    identity.feature,
    operations.feature,
    notifications.feature,
    media.feature,
    catalog.feature,
    questions.feature,
    assessments.feature,
    library.feature,
    packages.feature,
    imports.feature,
    bases.feature,
)


REGISTRY: Registry = build_registry(
    schema=SCHEMA,
    collections=[item for feature in FEATURES for item in feature.collections],
    mutators=[item for feature in FEATURES for item in feature.mutators],
    memberships=[item for feature in FEATURES for item in feature.memberships],
    grants=[item for feature in FEATURES for item in feature.grants],
    bucket_kinds=[item for feature in FEATURES for item in feature.bucket_kinds],
    upcasts=[item for feature in FEATURES for item in feature.upcasts],
    schema_floor=SCHEMA_FLOOR,
)
"""Everything that syncs, checked against itself."""


def jobs() -> dict[str, Job]:
    """By kind. Raises ValueError when two features use one kind."""
    found: dict[str, Job] = {}
    for feature in FEATURES:
        for job in feature.jobs:
            if job.kind in found:
                raise ValueError(f"job {job.kind} is declared twice")
            found[job.kind] = job
    return found


def bus() -> Bus:
    """Who hears what."""
    return Bus(tuple(subscription for feature in FEATURES for subscription in feature.subscriptions))


def visible() -> dict[type[Model], Visible]:
    """Who may know of a row, by its model."""
    return {model: rule for feature in FEATURES for model, rule in feature.visible.items()}
