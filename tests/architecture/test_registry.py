"""What must never be forgotten, asked of every collection, command, job and route."""

import ast
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
import pytest
from msgspec import UNSET

from server.app import create_app
from server.features import FEATURES, REGISTRY, jobs
from server.settings import Settings
from sync.collection import Collection
from sync.merge import ByServer
from sync.mutator import Mutator

SECRET_WORDS = ("key", "correct", "explanation", "solution", "password", "hash", "secret")

SETTINGS = Settings.from_env(
    {
        "SPARK_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "SPARK_REDIS_URL": "redis://127.0.0.1:1",
        "SPARK_S3_URL": "http://a:b@127.0.0.1:1/none",
        "SPARK_SIGNING_KEY": "00" * 32,
    }
)


@pytest.mark.parametrize("collection", REGISTRY.collections.values(), ids=lambda collection: collection.name)
def test_a_collection_is_named_feature_first_and_its_row_shows_no_secret(collection: Collection) -> None:
    feature, _, noun = collection.name.partition(".")

    assert feature
    assert noun
    assert not [field for field in collection.row.__struct_fields__ if field.endswith(SECRET_WORDS)]


@pytest.mark.parametrize("collection", REGISTRY.collections.values(), ids=lambda collection: collection.name)
def test_what_a_phone_may_write_has_a_policy_and_bounds(collection: Collection) -> None:
    writable = (collection.may_create or frozenset()) | (collection.may_patch or frozenset())
    if not writable:
        return

    assert not isinstance(collection.merge, ByServer)
    hints = msgspec.structs.fields(collection.row)
    assert [field.name for field in hints if field.name in writable and has_unbounded_text(field.type)] == []


def test_every_collection_names_its_policy_and_its_deletion_rule() -> None:
    """Not by a default: who declares rows that travel has decided what becomes of two writers, and of a deletion."""
    folders = (Path(__file__).resolve().parents[2] / "server", Path(__file__).resolve().parents[2] / "sync")
    sources = [path for folder in folders for path in folder.rglob("*.py") if "testing" not in path.parts]
    declared = [
        node
        for path in sources
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Collection"
    ]
    silent = [call.lineno for call in declared if not {"merge", "deletion"} <= {word.arg for word in call.keywords}]

    assert len(declared) == len(REGISTRY.collections)
    assert silent == []


@pytest.mark.parametrize("collection", REGISTRY.collections.values(), ids=lambda collection: collection.name)
def test_rows_that_phones_write_belong_to_one_user_or_declare_a_right(collection: Collection) -> None:
    if collection.is_written_by_phones:
        assert collection.owner_columns or collection.right


@pytest.mark.parametrize("mutator", REGISTRY.mutators.values(), ids=lambda mutator: mutator.name)
def test_a_command_refuses_unknown_fields_and_bounds_its_texts(mutator: Mutator) -> None:
    assert mutator.name.count(".") >= 1
    assert mutator.args.__struct_config__.forbid_unknown_fields
    assert [field.name for field in msgspec.structs.fields(mutator.args) if has_unbounded_text(field.type)] == []


def test_a_job_has_one_declaration_and_its_payload_comes_back_as_it_went() -> None:
    declared = jobs()

    assert len(declared) == sum(len(feature.jobs) for feature in FEATURES)
    for kind, job in declared.items():
        assert kind.count(".") == 1
        assert job.payload.__struct_config__.frozen


def test_every_route_is_under_the_api_has_a_name_and_says_what_it_does() -> None:
    app = create_app(SETTINGS)
    handlers = {handler for route in app.routes for handler in getattr(route, "route_handlers", [])}
    documented = [
        handler for handler in handlers if handler.include_in_schema is not False and handler.operation_id is not UNSET
    ]

    for handler in documented:
        if any(path.startswith("/api/v1") for path in handler.paths):
            assert handler.operation_id, handler.paths
            assert handler.fn.__doc__, handler.paths


def test_the_api_is_described_and_no_two_operations_are_called_the_same() -> None:
    described = create_app(SETTINGS).openapi_schema.to_schema()["paths"]
    names = [operation["operationId"] for path in described.values() for operation in path.values()]

    assert len(set(names)) == len(names)
    assert {"Me", "MeAtAuthMe", "BeginUpload", "BeginUploadAtMediaUploads"} <= set(names)


def has_unbounded_text(hint: Any) -> bool:
    """Whether a text of any length fits somewhere in this type."""
    if hint is str:
        return True
    origin = get_origin(hint)
    if origin is Annotated:
        bounds = [meta for meta in get_args(hint)[1:] if isinstance(meta, msgspec.Meta)]
        return has_unbounded_text(get_args(hint)[0]) and not any(
            meta.max_length is not None or meta.pattern is not None for meta in bounds
        )
    if origin in {list, set, frozenset, tuple, Union, UnionType}:
        return any(has_unbounded_text(part) for part in get_args(hint))
    return False
