"""An item's way onto the shelf: written, sent in, reviewed by a peer, approved, downloaded, rated."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text

from server.base.actor import Actor
from server.base.errors import Forbidden, NotFound
from server.base.ids import new_id
from server.catalog.subjects import SubjectUnknown
from server.library import mutators, queries
from server.library.items import (
    FileUnknown,
    NoReason,
    NotFetched,
    NothingInIt,
    NotWaiting,
    Outdated,
)
from server.media.events import FileReady
from server.media.files import file_id_of
from tests.features.school import PHYSICS, School


class Shelf:
    """Ms Otieno writes; Nodira reviews; Siti and Rosa are admins; Timur is an educator whom nobody has checked."""

    school: School
    id: UUID
    file_id: UUID

    async def do(self, who: str, command: Any, **args: Any) -> None:
        await self.school.run(who, command, **args)

    async def write(self, who: str = "otieno", *, id_: UUID | None = None, title: str = "Waves", **more: Any) -> None:
        args = {
            "id": id_ or self.id,
            "title": title,
            "kind": "worksheet",
            "language": "en",
            "subject_id": PHYSICS,
            "licence": "CC BY 4.0",
            "file_ids": [self.file_id],
            **more,
        }
        await self.do(who, mutators.describe_item, **args)

    async def submit(self) -> None:
        await self.do("otieno", mutators.submit_item, item_id=self.id)

    async def review(self, who: str, verdict: str = "approve", *, revision: int = 1, comment: str = "") -> None:
        await self.do(who, mutators.review_item, item_id=self.id, revision=revision, verdict=verdict, comment=comment)

    async def publish(self) -> None:
        await self.write()
        await self.submit()
        await self.review("nodira")
        await self.review("siti")

    @property
    async def status(self) -> str:
        return str(await self.school.value("select status from library_items where id = :id", id=self.id))

    @property
    async def shelved(self) -> list[dict[str, Any]]:
        return await self.school.rows(
            "select title, revision, downloads_count, ratings_count, stars_sum from library_shelf"
            " where id = :id and deleted_at is null",
            id=self.id,
        )


@pytest.fixture
async def shelf(school: School) -> Shelf:
    world = Shelf()
    world.school, world.id, world.file_id = school, new_id(), new_id()
    await school.add("Nodira Alieva", "educator")
    await school.add("Timur Umarov", "educator")
    await school.add("Rosa Dewi", "admin")
    async with school.as_() as tx:
        await tx.db.execute(
            text("update identity_educator_profiles set verified_at = null where user_id = :id"),
            {"id": school.people["timur"].id},
        )
        await tx.db.execute(
            text("update identity_educator_profiles set verified_at = now() where user_id = any(:ids)"),
            {"ids": [school.people[name].id for name in ("otieno", "nodira")]},
        )
        await tx.db.execute(
            text(
                "insert into media_files (id, owner_id, sha256, mime, kind, width, height, bytes, variants) values"
                " (:id, :owner, :sha256, 'image/png', 'image', 1, 1, 1, :variants)"
            ),
            {
                "id": world.file_id,
                "owner": school.people["otieno"].id,
                "sha256": "a" * 64,
                "variants": '[{"name":"w480","width":480,"height":9,"mime":"image/webp","bytes":700,"sha256":"'
                + "b" * 64
                + '"}]',
            },
        )
    return world


async def test_an_item_is_on_the_shelf_once_a_peer_and_then_an_admin_approved_it(shelf: Shelf) -> None:
    seen = []
    await shelf.write()
    seen.append(await shelf.status)
    await shelf.submit()
    await shelf.submit()
    seen.append(await shelf.status)
    await shelf.review("nodira")
    await shelf.review("nodira")
    seen.append(await shelf.status)
    assert await shelf.shelved == []
    await shelf.review("siti")
    seen.append(await shelf.status)

    assert seen == ["draft", "pending", "peer_approved", "published"]
    [row] = await shelf.shelved
    assert (row["title"], row["revision"]) == ("Waves", 1)
    assert await shelf.school.value("select bytes from library_shelf where id = :id", id=shelf.id) == 700
    assert await shelf.school.value("select count(*) from library_reviews where item_id = :id", id=shelf.id) == 2
    published = "select count(*) from media_uses where item_id = :id and published_at is not null"
    assert await shelf.school.value(published, id=shelf.id) == 1


@pytest.mark.parametrize("who", ["otieno", "timur", "amina", "madina", "siti"])
async def test_only_another_verified_educator_reviews_first(shelf: Shelf, who: str) -> None:
    await shelf.write()
    await shelf.submit()

    with pytest.raises((Forbidden, NotFound)):
        await shelf.review(who)
    assert await shelf.status == "pending"


async def test_an_educator_of_another_subject_does_not_review(shelf: Shelf) -> None:
    await shelf.write()
    await shelf.submit()
    profile = "update identity_educator_profiles set subjects = :subjects where user_id = :id"
    nodira = shelf.school.people["nodira"].id
    async with shelf.school.as_() as tx:
        await tx.db.execute(text(profile), {"subjects": ["Chemistry"], "id": nodira})
    with pytest.raises(NotFound):
        await shelf.review("nodira")
    async with shelf.school.as_() as tx:
        await tx.db.execute(text(profile), {"subjects": ["Chemistry", "PHYSICS"], "id": nodira})

    await shelf.review("nodira")

    assert await shelf.status == "peer_approved"


async def test_an_admin_does_not_approve_their_own_while_there_is_another(shelf: Shelf) -> None:
    own = new_id()
    await shelf.write("siti", id_=own, file_ids=[])
    async with shelf.school.as_() as tx:
        await tx.db.execute(text("update library_items set status = 'peer_approved' where id = :id"), {"id": own})
    shelf.id = own

    with pytest.raises(Forbidden):
        await shelf.review("siti")
    await shelf.review("rosa")

    assert await shelf.status == "published"


async def test_a_rejected_item_is_a_draft_again_and_says_why(shelf: Shelf) -> None:
    await shelf.write()
    await shelf.submit()
    with pytest.raises(NoReason):
        await shelf.review("nodira", "reject")
    await shelf.review("nodira", "reject", comment="Page 2 is upside down.")

    assert await shelf.status == "draft"
    reason = await shelf.school.value("select reason from library_items where id = :id", id=shelf.id)
    assert reason == "Page 2 is upside down."
    with pytest.raises((NotWaiting, NotFound)):
        await shelf.review("nodira")


async def test_what_is_sent_in_again_unchanged_is_reviewed_anew_by_the_same_people(shelf: Shelf) -> None:
    await shelf.write()
    await shelf.submit()
    await shelf.review("nodira", "reject", comment="Whose pictures are these?")
    await shelf.submit()
    with pytest.raises(Outdated):
        await shelf.review("nodira")
    await shelf.review("nodira", "reject", revision=2, comment="Whose pictures are these?")
    assert await shelf.status == "draft"
    await shelf.submit()
    await shelf.review("nodira", revision=3)
    assert await shelf.status == "peer_approved"
    await shelf.do("otieno", mutators.withdraw_item, item_id=shelf.id)
    await shelf.submit()
    await shelf.review("nodira", revision=4)
    await shelf.review("siti", revision=4)

    assert [row["revision"] for row in await shelf.shelved] == [4]


async def test_an_edit_is_reviewed_anew_while_the_old_revision_stays_on_the_shelf(shelf: Shelf) -> None:
    await shelf.publish()
    await shelf.write(title="Waves and light")

    assert await shelf.status == "pending"
    assert [row["title"] for row in await shelf.shelved] == ["Waves"]
    with pytest.raises(Outdated):
        await shelf.review("nodira", revision=1, verdict="reject", comment="x")
    await shelf.review("nodira", revision=2)
    await shelf.review("rosa", revision=2)

    assert [(row["title"], row["revision"]) for row in await shelf.shelved] == [("Waves and light", 2)]


async def test_writing_the_same_again_is_no_new_revision(shelf: Shelf) -> None:
    await shelf.publish()
    await shelf.write()

    assert await shelf.status == "published"


async def test_two_reviewers_who_said_it_offline_both_count(shelf: Shelf) -> None:
    await shelf.school.add("Aziza Karim", "educator")
    await shelf.write()
    await shelf.submit()
    await shelf.review("nodira")
    await shelf.review("aziza")
    assert await shelf.status == "peer_approved"

    await shelf.review("aziza", "reject", comment="The licence is not theirs.")

    assert await shelf.status == "draft"
    assert await shelf.school.value("select count(*) from library_reviews where item_id = :id", id=shelf.id) == 2


async def test_an_item_that_is_taken_back_is_seen_by_nobody_else(shelf: Shelf) -> None:
    await shelf.publish()
    with pytest.raises(NotFound):
        await shelf.do("amina", mutators.withdraw_item, item_id=shelf.id)
    await shelf.do("otieno", mutators.withdraw_item, item_id=shelf.id)

    assert await shelf.shelved == []
    assert await shelf.status == "draft"
    async with shelf.school.as_("amina") as tx:
        with pytest.raises(NotFound):
            await queries.item_answer(tx, shelf.id)


async def test_what_is_sent_in_has_a_file_of_its_educators_and_a_subject(shelf: Shelf) -> None:
    await shelf.write(file_ids=[])
    with pytest.raises(NothingInIt):
        await shelf.submit()
    with pytest.raises(FileUnknown):
        await shelf.write(file_ids=[new_id()])
    with pytest.raises(FileUnknown):
        await shelf.write("nodira", id_=new_id())
    with pytest.raises(SubjectUnknown):
        await shelf.write(subject_id=new_id())
    with pytest.raises(Forbidden):
        await shelf.write("amina")
    with pytest.raises(NotFound):
        await shelf.write("nodira", file_ids=[])


async def test_a_worksheet_of_a_lesson_is_shared_under_other_terms_without_being_sent_again(shelf: Shelf) -> None:
    """The phone's wish comes before its upload has asked: what it waits for, the bytes, came with the lesson."""
    shared = file_id_of(shelf.school.people["otieno"].id, "a" * 64, licence="CC BY 4.0", attribution="Ms Otieno")

    with pytest.raises(FileUnknown):
        await shelf.write(file_ids=[shared], attribution="Somebody else")
    await shelf.write(file_ids=[shared], attribution="Ms Otieno")
    await shelf.submit()

    found = await shelf.school.rows("select id, licence, attribution from media_files order by licence nulls first")
    assert found == [
        {"id": shelf.file_id, "licence": None, "attribution": None},
        {"id": shared, "licence": "CC BY 4.0", "attribution": "Ms Otieno"},
    ]
    assert await shelf.status == "pending"


async def test_a_download_counts_once_a_day_and_a_rating_follows_it(shelf: Shelf) -> None:
    await shelf.publish()
    with pytest.raises(NotFetched):
        await shelf.do("amina", mutators.rate_item, item_id=shelf.id, stars=5)
    for name in ("amina", "amina", "brian"):
        await shelf.do(name, mutators.note_download, item_id=shelf.id)
    await shelf.do("amina", mutators.rate_item, item_id=shelf.id, stars=5)
    await shelf.do("amina", mutators.rate_item, item_id=shelf.id, stars=4)
    await shelf.do("brian", mutators.rate_item, item_id=shelf.id, stars=2)
    await shelf.do("otieno", mutators.note_download, item_id=shelf.id)
    with pytest.raises(Forbidden):
        await shelf.do("otieno", mutators.rate_item, item_id=shelf.id, stars=5)

    [row] = await shelf.shelved
    assert (row["downloads_count"], row["ratings_count"], row["stars_sum"]) == (3, 2, 6)
    assert await shelf.school.value("select max(day) from library_downloads") <= date.today()  # noqa: DTZ011 - the database's day


async def test_who_looks_sees_the_shelf_its_educator_and_reviewers_the_draft_too(shelf: Shelf) -> None:
    await shelf.publish()
    await shelf.write(title="Newer")
    people: dict[str, tuple[bool, bool]] = {}
    for name in ("amina", "otieno", "nodira", "timur", "siti"):
        async with shelf.school.as_(name) as tx:
            answer = await queries.item_answer(tx, shelf.id)
            people[name] = (answer.item is not None, answer.draft is not None)
            waiting = [row.id for row in await queries.waiting_items(tx)]
            assert (shelf.id in waiting) is (name in {"nodira", "siti"}), name

    assert people == {
        "amina": (True, False),
        "otieno": (True, True),
        "nodira": (True, True),
        "timur": (True, False),
        "siti": (True, True),
    }


async def test_a_long_queue_of_other_subjects_hides_nobodys_own_and_costs_no_statement_an_item(shelf: Shelf) -> None:
    await shelf.write()
    await shelf.submit()
    other, nodira = new_id(), shelf.school.people["nodira"].id
    columns = "educator_id, educator_name, title, description, kind, language, topic, licence, attribution, revision"
    copied = f"{columns}, files, bytes, status"
    async with shelf.school.as_() as tx:
        await tx.db.execute(
            text("insert into catalog_subjects (id, name, slug) values (:id, 'Music', 'music-of-a-test')"),
            {"id": other},
        )
        await tx.db.execute(
            text(
                f"insert into library_items (id, subject_id, submitted_at, {copied})"
                f" select gen_random_uuid(), :other, submitted_at - interval '1 day', {copied}"
                " from library_items cross join generate_series(1, 200)"
            ),
            {"other": other},
        )
        await tx.db.execute(
            text("update identity_educator_profiles set subjects = '{Physics}' where user_id = :id"), {"id": nodira}
        )
    said: list[str] = []

    def hear(*heard: Any) -> None:
        said.append(heard[2])

    engine = shelf.school.work.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", hear)
    try:
        async with shelf.school.as_("nodira") as tx:
            waiting = [row.id for row in await queries.waiting_items(tx)]
    finally:
        event.remove(engine, "before_cursor_execute", hear)

    assert waiting == [shelf.id]
    assert len(said) < 10, said


async def test_a_guest_of_no_role_sees_no_draft(shelf: Shelf) -> None:
    await shelf.write()
    nobody = Actor(id=new_id())
    async with shelf.school.work.database.transaction(nobody) as tx:
        with pytest.raises(NotFound):
            await queries.item_answer(tx, shelf.id)


async def test_an_item_weighs_what_was_made_of_its_file_since(shelf: Shelf) -> None:
    await shelf.publish()
    async with shelf.school.as_() as tx:
        await tx.db.execute(
            text("update media_files set variants = replace(variants\\:\\:text, '700', '900')\\:\\:json")
        )
        await tx.publish(FileReady(shelf.file_id))

    assert await shelf.school.value("select bytes from library_shelf where id = :id", id=shelf.id) == 900
    assert await shelf.status == "published"
