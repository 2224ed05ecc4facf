"""A cartridge becomes a course whole, or not at all, or the same one again."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import event, text

from server.base.actor import SYSTEM
from server.base.archive import ArchiveRefused
from server.base.errors import Unavailable
from server.base.ids import new_id
from server.base.storage import Storage
from server.catalog.blocks import Exercise
from server.catalog.importing import CartridgeOrder, Imported, import_cartridge
from server.catalog.trees import Tree, TreeLesson, TreeSection, add_course_tree, copy_of, put_tests
from tests.support.api import Api
from tests.support.cartridges import cartridge, page, picture

TABLES = (
    "catalog_courses",
    "catalog_sections",
    "catalog_lessons",
    "catalog_lesson_texts",
    "catalog_course_staff",
    "media_files",
    "media_uses",
)


async def rows(api: Api, query: str) -> list[tuple[object, ...]]:
    async with api.work.database.transaction() as tx:
        return [tuple(row) for row in (await tx.db.execute(text(query))).all()]


async def counts(api: Api) -> list[int]:
    return [int(str((await rows(api, f"select count(*) from {table}"))[0][0])) for table in TABLES]


@pytest.fixture
async def owner_id(api: Api) -> UUID:
    return await api.add("Oybek Rahimov", "educator")


@pytest.fixture
def order(tmp_path: Path, owner_id: UUID) -> Callable[..., CartridgeOrder]:
    def make(content: bytes, *, name: str = "c.imscc", publish: bool = False) -> CartridgeOrder:
        path = tmp_path / name
        path.write_bytes(content)
        return CartridgeOrder(path=path, owner_id=owner_id, publish=publish)

    return make


async def test_sums_and_sizes_of_a_course_are_true(api: Api, order: Callable[..., CartridgeOrder]) -> None:
    shared = picture(700, 300)
    pages: dict[str, str | bytes] = {
        "a.html": page("<p>one two</p>" + '<img src="p.png"/>'),
        "b.html": page('<p>three</p><img src="same.png"/><img src="q.png"/>'),
    }
    content = cartridge(
        pages,
        {"p.png": shared, "same.png": shared, "q.png": picture(90, 30)},
        rights="CC BY-SA 4.0",
        title="Physics of sound",
    )

    imported = await import_cartridge(api.work, SYSTEM, order(content))

    [course] = await rows(
        api, "select slug, lessons_count, text_bytes, media_bytes, licence, attribution, status from catalog_courses"
    )
    [(text_bytes,)] = await rows(api, "select sum(octet_length(blocks::text)) from catalog_lesson_texts")
    [(media_bytes,)] = await rows(api, "select sum((variants->-1->>'bytes')::int) from media_files")
    assert course == ("physics-of-sound", 2, text_bytes, media_bytes, "CC BY-SA 4.0", "CC BY-SA 4.0", "draft")
    assert imported.is_new
    assert await rows(api, "select s.slug from catalog_courses c join catalog_subjects s on s.id = c.subject_id") == [
        ("physics",)
    ]
    assert await counts(api) == [1, 1, 2, 2, 1, 2, 2]


async def test_a_picture_that_cannot_be_read_leaves_its_words(api: Api, order: Callable[..., CartridgeOrder]) -> None:
    content = cartridge(
        {"a.html": page('<p>x</p><img src="bad.png" alt="A &lt;cat&gt;"/>')}, {"bad.png": b"not a picture"}
    )

    imported = await import_cartridge(api.work, SYSTEM, order(content))

    assert imported.report.counts == {"ok": 1, "partial": 0, "skipped": 0, "failed": 1}
    assert imported.report.items[-1].reasons[0].code == "image.unsupported"
    [(blocks,)] = await rows(api, "select blocks from catalog_lesson_texts")
    assert blocks == [{"type": "paragraph", "html": "x"}, {"type": "paragraph", "html": "<em>A &lt;cat&gt;</em>"}]


async def test_the_same_file_again_is_the_same_course_and_another_of_its_title_another(
    api: Api, order: Callable[..., CartridgeOrder]
) -> None:
    first = await import_cartridge(api.work, SYSTEM, order(cartridge({"a.html": page("<p>x</p>")})))
    again = await import_cartridge(api.work, SYSTEM, order(cartridge({"a.html": page("<p>x</p>")}), publish=True))
    other = await import_cartridge(api.work, SYSTEM, order(cartridge({"a.html": page("<p>y</p>")})))

    assert (again.course_id, again.is_new) == (first.course_id, False)
    [why] = again.report.items[0].reasons
    assert (why.code, "it was published, and else left as it is" in why.message) == ("course.exists", True)
    assert await rows(api, "select slug, status from catalog_courses order by slug") == [
        ("small-course", "published"),
        ("small-course-2", "draft"),
    ]
    assert other.slug == "small-course-2"


async def test_two_workers_with_one_file_make_one_course(api: Api, order: Callable[..., CartridgeOrder]) -> None:
    wanted = order(cartridge({"a.html": page('<img src="p.png" alt="x"/>')}, {"p.png": picture()}))

    both = await asyncio.gather(*(import_cartridge(api.work, SYSTEM, wanted) for _ in range(2)))

    assert len({imported.course_id for imported in both}) == 1
    assert sorted(imported.is_new for imported in both) == [False, True]


async def test_a_refused_file_leaves_nothing(api: Api, order: Callable[..., CartridgeOrder]) -> None:
    with pytest.raises(ArchiveRefused):
        await import_cartridge(api.work, SYSTEM, order(b"PK not really"))

    assert await counts(api) == [0] * len(TABLES)


async def test_a_store_that_goes_away_in_the_middle_leaves_nothing_and_the_next_attempt_makes_all(
    api: Api, order: Callable[..., CartridgeOrder], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = order(
        cartridge(
            {"a.html": page("".join(f'<img src="{n}.png"/>' for n in range(6)))},
            {f"{n}.png": picture(40 + n) for n in range(6)},
        )
    )
    put = Storage.put
    stored = 0

    async def put_until_the_fourth(self: Storage, key: str, body: bytes, *, media_type: str) -> None:
        nonlocal stored
        stored += 1
        if stored > 3:
            raise Unavailable
        await put(self, key, body, media_type=media_type)

    monkeypatch.setattr(Storage, "put", put_until_the_fourth)
    with pytest.raises(Unavailable):
        await import_cartridge(api.work, SYSTEM, wanted)
    assert await counts(api) == [0] * len(TABLES)

    monkeypatch.setattr(Storage, "put", put)
    assert (await import_cartridge(api.work, SYSTEM, wanted)).is_new
    assert await counts(api) == [1, 1, 1, 1, 1, 6, 6]


async def test_what_the_caller_does_also_happens_or_fails_with_the_course(
    api: Api, order: Callable[..., CartridgeOrder]
) -> None:
    class Crash(Exception):
        pass

    async def crash(_tx: object, _imported: Imported) -> None:
        raise Crash

    with pytest.raises(Crash):
        await import_cartridge(api.work, SYSTEM, order(cartridge({"a.html": page("<p>x</p>")})), also=crash)

    assert await counts(api) == [0] * len(TABLES)


async def test_a_course_whose_copy_opens_many_tests_is_summed_once(api: Api, owner_id: UUID) -> None:
    test_id, copied_id, copy_id = new_id(), new_id(), new_id()
    lessons = [TreeLesson(title=f"Lesson {n}", blocks=[Exercise(assessment_id=test_id)]) for n in range(20)]
    tree = Tree(title="Heat", language="en", sections=[TreeSection(title="One", lessons=lessons)])
    said: list[str] = []

    def hear(*heard: object) -> None:
        said.append(str(heard[2]))

    async with api.work.database.transaction() as tx:
        course = await add_course_tree(tx, tree, owner_id=owner_id)
        await add_course_tree(tx, await copy_of(tx, course, id_=copy_id, title="Heat 2"), owner_id=owner_id)
        event.listen(api.work.database.engine.sync_engine, "before_cursor_execute", hear)
        await put_tests(tx, course_id=copy_id, of_id=course.id, tests={test_id: copied_id})

    doors = f"select count(*) from catalog_lesson_texts where blocks::text like '%{copied_id}%'"
    assert await rows(api, doors.replace("::", "\\:\\:")) == [(20,)]
    assert sum("set pack_bytes" in statement for statement in said) == 1
