"""No student can get a key, an explanation or a hint before handing in, by whatever way there is.

Every key, explanation and feedback of the test carries a word of KEY_WORDS; all that reaches a student is searched.
"""

import io
import re
import zipfile
from typing import Any

import httpx
import pytest
from litestar.routes import HTTPRoute
from sqlalchemy import text

from server.app import create_app
from server.assessments.interchange.formulas import drawn
from server.base.ids import new_id
from server.features import REGISTRY
from tests.architecture.test_registry import SETTINGS
from tests.features.assessments.conftest import GIFT, KEY_WORDS, TestSchool, items_of, right_answers

SECRET_TABLES = (
    "assessments_item_keys",
    "assessments_bank_items",
    "assessments_gradings",
    "assessments_answer_history",
)


def found(haystack: bytes | str) -> list[str]:
    """Also what a formula says letter by letter: `<mi>H</mi><mi>u</mi>…`."""
    text = unpacked(haystack).decode(errors="replace") if isinstance(haystack, bytes) else haystack
    searched = f"{text}\n{re.sub(r'<[^<>]*>', '', text)}".lower()
    return [word for word in KEY_WORDS if word.lower() in searched]


def unpacked(content: bytes) -> bytes:
    """With all that lies in it, where it is an archive."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return b"\n".join(name.encode() + b"\n" + unpacked(archive.read(name)) for name in archive.namelist())


def test_the_words_we_search_for_are_in_every_key_of_the_test() -> None:
    """Goal: the searches below can fail. Method: the file itself must be full of what they look for."""
    assert found(GIFT)[:2] == ["Hush", "4321"]
    [mathml] = drawn([r"\(Hush^2\)"]).values()
    assert "Hush" not in mathml
    assert found(mathml) == ["Hush"]


@pytest.mark.parametrize("collection", REGISTRY.collections.values(), ids=lambda collection: collection.name)
def test_no_collection_reads_a_table_of_keys(collection: Any) -> None:
    links = [rule.link.table for rule in collection.buckets if rule.link]

    assert not {collection.table, *links} & set(SECRET_TABLES)


async def test_everything_that_a_student_syncs_is_free_of_keys_until_handing_in(world: TestSchool) -> None:
    assessment = await world.put_test()
    async with world.phone("Amina") as phone, world.phone("Brian") as brian:
        await phone.sync()
        attempt = await world.begin(phone, assessment)
        for item in items_of(phone).values():
            world.answer(phone, attempt, item["id"], None)
        world.answer(phone, attempt, items_of(phone)["word"]["id"], "a guess")
        await phone.sync()
        assert found(phone.raw) == []
        assert list(items_of(phone)["ticks"]["formulas"]) == [r"\(x^2\)"]

        world.submit(phone, attempt)
        await phone.sync()
        row = await world.marked(phone, attempt)
        await brian.sync()

    assert "Hushnewton" in str(row["result"])  # Released to the one who handed in …
    assert list(row["result"]["items"][0]["formulas"]) == [r"\(Hush^2\)"]
    assert found(brian.raw) == []  # … and to nobody else.


@pytest.mark.slow
async def test_options_do_not_tell_by_their_order_or_ids(world: TestSchool) -> None:
    await world.put_test("\n\n".join(f"::{n}::Q{n}? {{=yes {n} ~no {n} ~never {n} ~nought {n}}}" for n in range(60)))
    async with world.phone("Amina") as phone:
        await phone.sync()
        rows = phone.all("assessments.items").values()

    places = [[option["text"].startswith("yes") for option in row["options"]].index(True) for row in rows]
    assert all(places.count(place) > 4 for place in range(4)), places
    assert all(set(option) == {"id", "text"} for row in rows for option in row["options"])


@pytest.mark.slow
async def test_every_field_of_an_item_on_the_phone_is_one_of_the_promised(world: TestSchool) -> None:
    await world.put_test()
    async with world.phone("Amina") as phone:
        await phone.sync()
        rows = phone.all("assessments.items").values()

    promised = {"id", "assessment_id", "revision", "kind", "prompt", "options", "formulas", "points", "rank"}
    assert {name for row in rows for name in row} == promised


@pytest.mark.slow
async def test_no_route_tells_a_student_a_key(world: TestSchool) -> None:
    """Goal: whatever is added later, too. Method: GET every route of the app as a student, with every id there is."""
    assessment = await world.put_test()
    async with world.phone("Amina") as phone:
        await phone.sync()
        attempt = await world.begin(phone, assessment)
        await phone.sync()
        items = [item["id"] for item in items_of(phone).values()]
        ids = [str(assessment), attempt, items[0], str(world.course_id)]
        paths = sorted({path for pattern in get_paths() for path in filled(pattern, ids)})
        answers = [await get(phone.client, path) for path in paths]

    assert len(paths) >= 3
    assert [(path, words) for path, answer in zip(paths, answers, strict=True) if (words := found(answer))] == []


@pytest.mark.slow
async def test_refusals_and_guesses_tell_nothing(world: TestSchool) -> None:
    assessment = await world.put_test()
    async with world.phone("Amina") as phone:
        await phone.sync()
        items = items_of(phone)
        attempt = await world.begin(phone, assessment)
        for item, value in right_answers(phone).items():
            world.answer(phone, attempt, item, value)
        phone.queue = [op for op in phone.queue if b"hushNEWTON" not in op and b"4321" not in op]
        for name in ("key", "explanation", "weights"):
            phone.patch("assessments.items", items["choice"]["id"], {name: "x"})
            phone.create("assessments.items", new_id(), {name: "x"})
        phone.command("assessments.item_keys.read", {"item_id": items["choice"]["id"]})
        phone.want = ["course-staff:" + str(world.course_id), "keys", "assessments.item_keys"]
        answer = await phone.post(phone.body())

    assert answer.status_code in {200, 422}
    assert [word for word in found(answer.content) if word not in {"explanation", "weights"}] == []


@pytest.mark.slow
async def test_an_unreleased_result_shows_marks_and_no_answers(world: TestSchool) -> None:
    assessment = await world.put_test()
    async with world.school.as_() as tx:
        await tx.db.execute(text("update assessments_assessments set answer_release = 'never'"))
    async with world.phone("Amina") as phone:
        attempt = await world.begin(phone, assessment)
        world.submit(phone, attempt)
        await phone.sync()
        row = await world.marked(phone, attempt)

        assert row["result"]["max"] == 6
        assert found(phone.raw) == []


def get_paths() -> list[str]:
    routes = [route for route in create_app(SETTINGS).routes if isinstance(route, HTTPRoute)]
    # The live hint never ends; the built page and the API's description are the same for everybody and talk of
    # explanations themselves.
    return [
        route.path
        for route in routes
        if "GET" in route.methods and route.path.startswith(("/api/", "/media")) and "live" not in route.path
    ]


def filled(pattern: str, ids: list[str]) -> list[str]:
    """The path with each id in the place of its parameters."""
    if "{" not in pattern:
        return [pattern]
    parts = pattern.split("/")
    return ["/".join(id_ if part.startswith("{") else part for part in parts) for id_ in ids]


async def get(client: httpx.AsyncClient, path: str) -> bytes:
    answer = await client.get(path)
    assert answer.status_code != 429, "turned away before it was asked"
    return answer.content
