"""The course that a new school finds."""

import msgspec

from server.catalog.blocks import Block, Image, walk
from server.catalog.demo import lay_course
from tests.support.api import Api
from tests.support.phone import Phone
from tests.support.settle import all_published


async def test_the_demo_course_is_on_every_phone_with_its_pictures_and_formulas(api: Api) -> None:
    owner_id = await api.add("Oybek Rahimov", "educator")
    await api.add("Amina Karimova", "student")

    async with api.work.database.transaction() as tx:
        slug = await lay_course(tx, api.work, owner_id=owner_id)
    async with api.work.database.transaction() as tx:
        again = await lay_course(tx, api.work, owner_id=owner_id)

    assert slug == again == "how-things-move"
    async with api.signed_in("Amina Karimova") as student:
        [card] = (await student.get("/api/v1/courses")).json()["data"]
        await all_published(api)
        phone = Phone(student, want=[f"course:{card['id']}"])
        await phone.sync()
        assert card["lessons_count"] == len(phone.all("catalog.lesson_texts")) == 5
        files = phone.all("media.files")
        kinds = set()
        for row in phone.all("catalog.lesson_texts").values():
            for block, _depth in walk(msgspec.convert(row["blocks"], list[Block])):
                kinds.add(type(block).__name__)
                if isinstance(block, Image):
                    assert str(block.file_id) in files
        assert {"Image", "Math", "Definition", "Table", "Note", "ListBlock", "Exercise"} <= kinds
        for file in files.values():
            assert (await student.get(f"/media/{file['variants'][0]['sha256']}")).status_code == 200
