"""Names of subjects that nobody knew are kept, and wait for an admin, who takes them or says what they mean."""

import asyncio
from uuid import UUID

import pytest

from server.base.errors import Conflict, Forbidden, Invalid
from server.base.ids import new_id
from server.catalog import subjects
from server.catalog.commands import propose_subject
from server.catalog.courses import edit_course
from server.catalog.schemas import EditCourse, ProposeSubject
from server.library.items import describe
from server.library.schemas import Describe
from tests.features.library.conftest import database_url, online, school, school_template
from tests.features.school import PHYSICS, School
from tests.support.api import Api
from tests.support.phone import Phone
from tests.support.settle import all_published

__all__ = ["database_url", "online", "school", "school_template"]


async def named(school: School, name: str, by: str = "otieno") -> UUID:
    async with school.as_(by) as tx:
        return await subjects.propose(tx, name, by=tx.actor.id)


async def test_a_known_name_is_its_subject_in_any_case_and_alphabet_and_an_unknown_one_waits(school: School) -> None:
    assert {await named(school, name) for name in ("Physics", " PHYSICS ", "phýsics")} == {PHYSICS}
    waiting = await named(school, "Oʻzbek tili")

    assert {await named(school, name, "siti") for name in ("o'zbek  tili", "ЎЗБЕК ТИЛИ")} == {waiting}
    async with school.as_("siti") as tx:
        [name] = await subjects.waiting_names(tx)
    assert (name.id, name.name, name.by_name) == (waiting, "Oʻzbek tili", "Otieno G.")
    with pytest.raises(Invalid):
        await named(school, " -- ")


async def test_two_who_write_the_same_name_at_once_mean_one_subject(school: School) -> None:
    found = await asyncio.gather(*(named(school, name) for name in ("Botanika", "ботаника", "BOTANIKA", "Botanika ")))

    assert len(set(found)) == 1
    assert await school.value("select count(*) from catalog_subjects where search_fold(name) = 'botanika'") == 1


async def test_a_merge_moves_all_that_named_it_once_and_what_comes_later_follows(school: School) -> None:
    course_id = await school.add_course("heat", owner="otieno")
    waiting, item_id, late = await named(school, "Fizika fani"), new_id(), new_id()
    terms = {"language": "uz", "licence": "CC0", "kind": "plan", "title": "Plan"}
    async with school.as_("otieno") as tx:
        await edit_course(tx, course_id, EditCourse(subject_id=waiting))
        await describe(tx, Describe(id=item_id, subject_id=waiting, **terms))  # type: ignore[arg-type]
    with pytest.raises(Forbidden):
        async with school.as_("otieno") as tx:
            await subjects.merge(tx, waiting, PHYSICS)

    for _ in range(2):
        async with school.as_("siti") as tx:
            await subjects.merge(tx, waiting, PHYSICS)
    async with school.as_("otieno") as tx:  # From a phone that was away.
        await propose_subject.run(tx, ProposeSubject(id=late, name="FIZIKA FANI"))
        await describe(tx, Describe(id=new_id(), subject_id=late, **terms))  # type: ignore[arg-type]

    where = "select count(*) from {} where subject_id = :id"
    assert await school.value(where.format("catalog_courses"), id=PHYSICS) == 1
    assert await school.value(where.format("library_items"), id=PHYSICS) == 2
    assert await named(school, "fizika fani") == PHYSICS
    async with school.as_("siti") as tx:
        assert await subjects.waiting_names(tx) == []
        with pytest.raises(Conflict):
            await subjects.take(tx, waiting)
    assert await school.value("select count(*) from base_audit where action = 'catalog.subject.merge'") == 1


async def test_nobody_fills_the_list_with_names(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subjects, "WAITING_MAX", 2)
    for name in ("Astronomiya", "Botanika"):
        await named(school, name)

    with pytest.raises(subjects.TooManyNames):
        await named(school, "Zoologiya")
    assert await named(school, "botanika") == await named(school, "Botanika")
    with pytest.raises(Forbidden):
        async with school.as_("amina") as tx:
            await propose_subject.run(tx, ProposeSubject(id=new_id(), name="Zoologiya"))


async def test_an_admin_takes_a_name_that_an_educators_phone_wrote_without_a_network(api: Api) -> None:
    await api.add("Oybek X", "educator")
    async with api.signed_in("Oybek X") as oybek, api.signed_in("Siti") as siti, api.signed_in("Amina") as amina:
        author, learner, course_id, name_id = Phone(oybek), Phone(amina), str(new_id()), str(new_id())
        author.command("catalog.subject.propose", {"id": name_id, "name": "Astronomiya"}, op=name_id)
        fields = {"id": course_id, "title": "Stars", "language": "uz", "subject_id": name_id}
        made = author.command("catalog.course.create", fields, op=course_id)
        await author.sync()
        await all_published(api)
        for phone in (author, learner):
            await phone.sync()
        assert author.outcome(made) == "applied"
        assert author.all("catalog.subjects")[name_id]["name"] == "Astronomiya"  # Its own, while it waits.
        assert name_id not in learner.all("catalog.subjects")

        assert (await oybek.get("/api/v1/subjects/waiting")).status_code == 403
        [waiting] = (await siti.get("/api/v1/subjects/waiting")).json()["data"]
        assert (waiting["id"], waiting["by_name"], waiting["courses_count"]) == (name_id, "Oybek X.", 1)
        unknown = await siti.post(f"/api/v1/subjects/{name_id}/merge", json={"into_id": str(new_id())})
        assert unknown.json()["error"]["code"] == "subject.unknown"
        for _ in range(2):
            assert (await siti.post(f"/api/v1/subjects/{name_id}/take")).json()["data"] == []
        merged = await siti.post(f"/api/v1/subjects/{name_id}/merge", json={"into_id": str(PHYSICS)})
        assert (merged.status_code, merged.json()["error"]["code"]) == (409, "subject.settled")
        await all_published(api)
        await learner.sync()

    assert learner.all("catalog.subjects")[name_id]["name"] == "Astronomiya"
