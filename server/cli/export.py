"""`spark export …`: the wire, for those who write a client; a course, for those who take it elsewhere."""

from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import msgspec
import typer

from server.base.actor import SYSTEM
from server.base.errors import Conflict, NotFound
from server.catalog.queries import find_course_by_slug
from server.cli._operator import act, opened
from server.features import REGISTRY
from server.imports.course_file import export_course
from server.settings import Settings
from sync.collection import NAMESPACE, Collection
from sync.merge import ByField
from sync.mutator import Mutator
from sync.registry import Registry

SAMPLE = UUID("0198c0de-0000-7000-8000-000000000000")  # What every vector uses for each key column.


class FileThere(Conflict):
    """There is a file of this name; choose another."""

    code = "export.file_there"


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Courses, and the wire.", no_args_is_help=True)
    group.command("wire")(wire)
    group.command("course")(course)
    app.add_typer(group, name="export")


def wire() -> None:
    """Print collections, fields, commands and the namespace of derived ids, with a vector each, as JSON."""
    typer.echo(msgspec.json.format(msgspec.json.encode(describe(REGISTRY)), indent=2).decode())


def describe(registry: Registry) -> dict[str, Any]:
    """The wire of one release. Names in it never change; what is added raises `schema`."""
    return {
        "protocol": 1,
        "schema": registry.schema,
        "namespace": str(NAMESPACE),
        "collections": {name: _collection(collection) for name, collection in sorted(registry.collections.items())},
        "commands": {name: _command(mutator) for name, mutator in sorted(registry.mutators.items())},
        "buckets": {kind.kind: {"automatic": kind.automatic} for kind in registry.bucket_kinds.values()},
    }


def _collection(collection: Collection) -> dict[str, Any]:
    described: dict[str, Any] = {
        "tier": collection.tier,
        "buckets": sorted({rule.name.kind for rule in collection.buckets}),
        "fields": _fields(collection.row),
        "merge": type(collection.merge).__name__,
        "create": sorted(collection.may_create) if collection.may_create is not None else None,
        "patch": sorted(collection.may_patch) if collection.may_patch is not None else None,
        "deletion": collection.deletion,
    }
    if isinstance(collection.merge, ByField):
        described["rules"] = {name: type(rule).__name__ for name, rule in sorted(collection.merge.rules.items())}
    if collection.key:
        sample = {column: str(SAMPLE) for column in collection.key}
        described["id"] = {
            "uuid5_of": [collection.name, *collection.key],
            "vector": {"keys": sample, "id": str(collection.derived_id(sample))},
        }
    return described


def _command(mutator: Mutator) -> dict[str, Any]:
    return {"args": _fields(mutator.args), "creates": mutator.creates}


def _fields(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """Field → JSON schema of its type, references resolved into the components they name."""
    _, components = msgspec.json.schema_components([struct])
    described = components[struct.__name__].get("properties", {})
    return {field.encode_name: described.get(field.encode_name, {}) for field in msgspec.structs.fields(struct)}


def course(
    slug: Annotated[str, typer.Argument(help="Slug of the course.")],
    file: Annotated[Path, typer.Argument(help="Where to write it; must not be there.", dir_okay=False)],
) -> None:
    """Write a course's own file: what it shows and its tests with their keys. `spark import course` takes it again."""

    async def run(settings: Settings) -> int:
        if file.exists():
            raise FileThere(f"{file} is there already.")
        async with opened(settings) as work:
            async with work.database.transaction(SYSTEM) as tx:
                found = await find_course_by_slug(tx, slug)
            if found is None:
                raise NotFound(f"There is no course {slug!r}.")
            return await export_course(work, SYSTEM, found.id, file)

    typer.echo(f"{act(run)} bytes")
