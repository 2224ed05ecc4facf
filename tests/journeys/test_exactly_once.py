"""The same push sent twice, cut at any byte, or out of order has one effect."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import text

from server.base.ids import new_id
from tests.support.api import Api
from tests.support.phone import Phone
from tests.support.settle import all_published

CUTS = 40


@asynccontextmanager
async def amina(api: Api) -> AsyncIterator[Phone]:
    await api.add("Amina Karimova", "student")
    async with api.signed_in("Amina") as client:
        yield Phone(client)


async def physics(api: Api) -> UUID:
    async with api.work.database.transaction() as tx:
        return UUID(
            str((await tx.db.execute(text("select id from catalog_subjects where slug = 'physics'"))).scalar_one())
        )


async def asked(api: Api) -> list[str]:
    async with api.work.database.transaction() as tx:
        return list((await tx.db.execute(text("select title from questions_questions order by title"))).scalars())


def ask(phone: Phone, subject_id: UUID, title: str) -> int:
    args = {
        "id": str(new_id()),
        "subject_id": str(subject_id),
        "title": title,
        "body": "I do not see it.",
        "visibility": "private",
    }
    return phone.command("questions.question.ask", args)


async def test_a_push_sent_three_times_asks_once_and_is_answered_alike(api: Api) -> None:
    subject_id = await physics(api)
    async with amina(api) as phone:
        for number in range(3):
            ask(phone, subject_id, f"Question {number}")
        body = phone.body()

        first, second, third = [await phone.post(body) for _ in range(3)]

        assert await asked(api) == ["Question 0", "Question 1", "Question 2"]
        assert receipts(first.content) == receipts(second.content) == receipts(third.content)


async def test_a_push_cut_at_any_byte_asks_once(api: Api) -> None:
    """Method: send a part of the request over a bare socket and hang up, or all of it without waiting."""
    subject_id = await physics(api)
    rng = random.Random(7)
    async with amina(api) as phone:
        for number in range(3):
            ask(phone, subject_id, f"Question {number}")
        request = raw_request(api, phone)
        places = sorted({len(request), len(request) - 1, *(rng.randrange(1, len(request)) for _ in range(CUTS))})

        for place in places:
            await send_and_hang_up(api, request[:place])
        await phone.sync()

        assert await asked(api) == ["Question 0", "Question 1", "Question 2"]
        assert [phone.receipts[n]["outcome"] for n in (1, 2, 3)] == ["applied"] * 3


async def test_an_answer_lost_after_the_commit_is_found_again(api: Api) -> None:
    subject_id = await physics(api)
    async with amina(api) as phone:
        n = ask(phone, subject_id, "Lost answer")
        await phone.post(phone.body())  # The answer never reaches the phone's store.

        await phone.sync()

        assert await asked(api) == ["Lost answer"]
        assert phone.outcome(n) == "applied"


async def test_ops_out_of_order_wait_for_the_ones_before(api: Api) -> None:
    subject_id = await physics(api)
    async with amina(api) as phone:
        for number in range(3):
            ask(phone, subject_id, f"Question {number}")
        early = await phone.post(phone.body(ops=phone.queue[1:]))  # Number 2 and 3 overtook number 1.

        assert early.status_code == 200
        assert await asked(api) == []
        await phone.sync()
        assert await asked(api) == ["Question 0", "Question 1", "Question 2"]


async def test_two_requests_with_the_same_ops_at_once_ask_once(api: Api) -> None:
    subject_id = await physics(api)
    async with amina(api) as phone:
        for number in range(5):
            ask(phone, subject_id, f"Question {number}")

        answers = await asyncio.gather(*(phone.post(phone.body()) for _ in range(4)))

        assert {answer.status_code for answer in answers} <= {200, 503}
        await phone.sync()
        assert await asked(api) == [f"Question {number}" for number in range(5)]


async def test_a_wrong_op_is_parked_with_its_reason_and_the_rest_is_applied(api: Api) -> None:
    subject_id = await physics(api)
    async with amina(api) as phone:
        ask(phone, subject_id, "Before")
        broken = phone.command("questions.question.ask", {"id": "no id at all", "unknown": 1})
        half_an_emoji = (
            b'{"n":3,"schema":1,"kind":"command","command":"questions.question.ask",'
            b'"args":{"title":"\\ud83d"},"at":[3,0]}'
        )
        phone.queue.append(half_an_emoji)
        phone.n = 3
        ask(phone, subject_id, "After")

        await phone.sync()
        await all_published(api)
        await phone.sync()

        assert await asked(api) == ["After", "Before"]
        assert phone.receipts[broken]["outcome"] == phone.receipts[3]["outcome"] == "parked"
        assert phone.receipts[3]["code"] == "op.malformed"
        assert len(phone.all("sync.ops")) == 2  # Kept and shown, on every phone of hers.


def receipts(answer: bytes) -> list[bytes]:
    return [line for line in answer.splitlines() if b'"receipts"' in line]


def raw_request(api: Api, phone: Phone) -> bytes:
    body = phone.body()
    token = phone.client.headers["authorization"]
    head = (
        f"POST /api/v1/sync HTTP/1.1\r\nhost: {urlsplit(api.url).netloc}\r\nauthorization: {token}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body


async def send_and_hang_up(api: Api, part: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(api.url).port)
    writer.write(part)
    await writer.drain()
    await asyncio.sleep(0.005)
    writer.transport.abort()  # A dead link, not a polite end.
    del reader
