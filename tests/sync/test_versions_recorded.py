"""V6: what released clients sent is answered for ever, and what they may write is still read."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from server.features import REGISTRY, SCHEMA
from sync.collection import Collection
from sync.mutator import Mutator
from tests.support.api import Api, running_api, settings_for
from tests.support.phone_rows import PhoneRows
from tests.support.settle import all_published
from tests.sync.recorded.world import NAME, lay_world

RECORDED = Path(__file__).parent / "recorded"
STORIES = sorted(path for path in RECORDED.glob("v*/*.json") if path.name != "wire.json")
WIRES = sorted(RECORDED.glob("v*/wire.json"))


@pytest.fixture
async def api(database_url: str, redis_url: str, s3_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    await lay_world(database_url)
    async with running_api(settings_for(database_url, redis_url, s3_url, tmp_path)) as api:
        yield api


def name_of(path: Path) -> str:
    return f"{path.parent.name} {path.stem}"


@pytest.mark.parametrize("path", STORIES, ids=name_of)
async def test_V6_a_recorded_client_is_answered_as_it_was(api: Api, path: Path) -> None:
    story = story_of(path)
    rows, seen, wanted = PhoneRows(), set[str](), set[str]()
    async with api.signed_in(NAME) as client:
        for exchange in story["exchanges"]:
            await all_published(api)
            body = exchange["body"].replace("{{cursor}}", rows.cursor or "")
            headers = {"content-type": "application/json"}
            answer = await client.post(exchange["path"], content=body.encode(), headers=headers)
            lines = answer.content.splitlines(keepends=True)
            holds(exchange, answer.status_code, lines)
            wanted |= set(exchange["must"].get("collections", ()))
            if exchange["path"] == "/api/v1/sync" and answer.status_code == 200:
                rows.take(lines)
                seen |= {line["collection"] for line in controls(lines) if "bucket" in line}

    assert wanted <= seen
    assert rows.refused_cuts == 0
    assert {collection for held in rows.shown.values() for collection, _ in held} >= wanted


def story_of(path: Path) -> dict[str, Any]:
    story: dict[str, Any] = json.loads(path.read_text())
    return story


def holds(exchange: dict[str, Any], status: int, lines: list[bytes]) -> None:
    """What was true of the recorded answer is true of this one. A page may come a moment later: 200 and 204 are one."""
    must = exchange["must"]
    if must["status"] == 204 or (must["status"] == 200 and '"ops"' not in exchange["body"]):
        assert status in (200, 204)
    else:
        assert status == must["status"]
    told = controls(lines)
    outcomes = {str(receipt["n"]): receipt["outcome"] for line in told for receipt in line.get("receipts", [])}
    assert outcomes == must.get("outcomes", {})
    if "code" in must:
        assert told[0]["error"]["code"] == must["code"]
    if "leaves" in must:
        assert [line["end"] for line in told if "end" in line] == must["leaves"]
        assert told[-1]["differ"] == must["differ"]


def controls(lines: list[bytes]) -> list[dict[str, Any]]:
    return [line for line in map(json.loads, lines) if isinstance(line, dict)]


@pytest.mark.parametrize("path", WIRES, ids=name_of)
def test_V6_what_a_released_client_may_write_is_still_read_or_has_an_upcast(path: Path) -> None:
    wire = json.loads(path.read_text())
    missing: list[str] = []
    for name, told in wire["collections"].items():
        collection = REGISTRY.collections.get(name)
        if collection is None:
            missing.append(f"{name} is gone")
        elif not REGISTRY.upcasts.path(name, wire["schema"]).steps:
            missing += unwritable(collection, told)
    for name, told in wire["commands"].items():
        path_to_now = REGISTRY.upcasts.path(name, wire["schema"])
        mutator = REGISTRY.mutators.get(path_to_now.name)
        if mutator is None:
            missing.append(f"{name} is gone")
        elif not path_to_now.steps:
            missing += unreadable(mutator, told)

    assert missing == [], (
        "phones write this: raise SCHEMA and declare an upcast (a release that never left: record anew)"
    )


def unwritable(collection: Collection, told: dict[str, Any]) -> list[str]:
    now = {"create": collection.may_create, "patch": collection.may_patch}
    return [
        f"{collection.name}: {field} in a {kind}"
        for kind, may in now.items()
        for field in told[kind] or ()
        if field not in (may or ())
    ]


def unreadable(mutator: Mutator, told: dict[str, Any]) -> list[str]:
    now = {argument.name: argument.required for argument in msgspec.structs.fields(mutator.args)}
    gone = [f"{mutator.name}: argument {name}" for name in told["args"] if name not in now]
    return gone + [
        f"{mutator.name}: needs {name}" for name, needed in now.items() if needed and name not in told["args"]
    ]


def test_V6_the_release_of_now_is_recorded() -> None:
    """`python -m tests.sync.recorded.record` makes both, on the release that is about to leave."""
    assert (RECORDED / f"v{SCHEMA}" / "wire.json") in WIRES
    assert (RECORDED / f"v{SCHEMA}" / "learner.json") in STORIES
