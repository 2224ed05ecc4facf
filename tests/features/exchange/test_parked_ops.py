"""An op that was refused is kept, shown to its author, and tried again by the operator."""

import asyncio
import os
import sys
from uuid import UUID

from sqlalchemy import text

from server.base.ids import new_id
from tests.support.api import Api
from tests.support.phone import Phone
from tests.support.settle import all_published


async def spark(api: Api, *words: str) -> str:
    """The command line, as the operator types it; fails when it does."""
    settings = api.settings
    env = {
        **os.environ,
        "SPARK_DATABASE_URL": settings.database_url,
        "SPARK_REDIS_URL": settings.redis_url,
        "SPARK_S3_URL": settings.s3_url,
        "SPARK_DATA": str(settings.data),
        "SPARK_SIGNING_KEY": settings.signing_key.hex(),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from server.cli import main; main()", *words, env=env, stdout=asyncio.subprocess.PIPE
    )
    stdout, _ = await process.communicate()
    assert process.returncode == 0
    return stdout.decode()


async def add_subject(api: Api, id_: UUID) -> None:
    async with api.work.database.transaction() as tx:
        await tx.db.execute(
            text("insert into catalog_subjects (id, name, slug) values (:id, 'Volcanoes', 'volcanoes')"), {"id": id_}
        )


async def test_a_refused_question_is_tried_again_by_the_operator_and_reaches_its_asker(api: Api):
    await api.add("Amina Yusupova", "student")
    subject_id, question_id = new_id(), new_id()
    async with api.signed_in("Amina Yusupova") as client:
        phone = Phone(client)
        question = {"title": "Why do stars twinkle?", "body": "They do.", "visibility": "private"}
        n = phone.command("questions.question.ask", {"id": str(question_id), "subject_id": str(subject_id), **question})
        await phone.sync()
        await all_published(api)
        await phone.sync()
        parked = [row for row in phone.all("sync.ops").values() if row["outcome"] == "parked"]
        assert [row["code"] for row in parked] == [phone.receipts[n]["code"]]
        listed = await spark(api, "parked", "list")
        assert parked[0]["id"] in listed
        assert parked[0]["code"] in listed

        await add_subject(api, subject_id)  # What was wrong is mended.
        retried = await spark(api, "parked", "retry", parked[0]["id"])
        await all_published(api)
        await phone.sync()

        assert retried == f"{parked[0]['id']}\tapplied\n"
        assert str(question_id) in phone.all("questions.questions")
        assert phone.all("sync.ops")[parked[0]["id"]]["outcome"] == "applied"
        assert await spark(api, "parked", "list") == ""


async def test_what_becomes_due_is_looked_at_without_anybody_asking(api: Api):
    await api.add("Amina Yusupova", "student")
    subject_id, question_id = new_id(), new_id()
    async with api.signed_in("Amina Yusupova") as client:
        phone = Phone(client)
        question = {"title": "Why do stars twinkle?", "body": "They do.", "visibility": "private"}
        phone.command("questions.question.ask", {"id": str(question_id), "subject_id": str(subject_id), **question})
        await phone.sync()
        await add_subject(api, subject_id)
        async with api.work.database.transaction() as tx:
            await tx.db.execute(text("update sync_op set wake_at = now()"))

        for _ in range(600):
            await asyncio.sleep(0.1)
            await phone.sync()
            if str(question_id) in phone.all("questions.questions"):
                break

        assert str(question_id) in phone.all("questions.questions")
