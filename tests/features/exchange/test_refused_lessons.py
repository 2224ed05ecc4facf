"""What a refused lesson costs the other phones of its author: a line each, and all of it when somebody opens it."""

import random

from server.base.ids import new_id
from tests.support.api import Api
from tests.support.phone import Phone
from tests.support.settle import all_published

LESSONS = 10
LESSON_BYTES = 84_000
LINE_BYTES_MAX = 1_024
WORDS = ("motion", "heat", "wave", "field", "mass", "light", "force", "energy", "slope", "rate", "time", "point")


def blocks(seed: int) -> list[dict[str, str]]:
    """A long lesson in words that do not repeat each other."""
    rng = random.Random(seed)
    text = " ".join(f"{rng.choice(WORDS)}{rng.randrange(1_000)}" for _ in range(LESSON_BYTES // 9))
    return [{"type": "paragraph", "html": text[start : start + 700]} for start in range(0, len(text), 700)]


async def test_U26_a_new_phone_of_an_author_gets_a_line_of_each_refused_lesson_and_the_bytes_when_it_asks(
    api: Api,
) -> None:
    await api.add("Oybek Author", "educator")
    await api.add("Bobur Stranger", "educator")
    await api.add("Sevara Admin", "admin")
    async with api.signed_in("Oybek") as client, api.signed_in("Bobur") as other, api.signed_in("Sevara") as office:
        phone = Phone(client)
        for seed in range(LESSONS):
            edit = {"was": [], "now": blocks(seed)}
            phone.patch("catalog.lesson_texts", new_id(), {"blocks": edit}, base=1)
        await phone.sync()
        await all_published(api)
        assert {phone.outcome(n + 1) for n in range(LESSONS)} == {"record.absent"}

        fresh = Phone(client)
        await fresh.sync()

        rows = fresh.all("sync.ops")
        lines = [line for held in fresh.store.shown.values() for (name, _), line in held.items() if name == "sync.ops"]
        assert [row["bytes"] for row in sorted(rows.values(), key=lambda row: row["n"])] == list(
            map(len, phone.journal)
        )
        assert max(map(len, lines)) <= LINE_BYTES_MAX
        assert sum(map(len, phone.journal)) > 40 * sum(map(len, lines))
        assert fresh.bytes_down < LESSONS * LINE_BYTES_MAX

        by_number = {row["n"]: id_ for id_, row in rows.items()}
        whole = await client.get(f"/api/v1/sync/ops/{by_number[1]}")
        assert (whole.status_code, whole.content) == (200, phone.journal[0])
        assert (await other.get(f"/api/v1/sync/ops/{by_number[1]}")).status_code == 404
        assert (await api.http.get(f"/api/v1/sync/ops/{by_number[1]}")).status_code == 401
        assert (await office.get(f"/api/v1/sync/ops/{by_number[1]}")).content == phone.journal[0]

        fresh.command("sync.op.withdraw", {"id": by_number[1]})
        await fresh.sync()
        assert (await client.get(f"/api/v1/sync/ops/{by_number[1]}")).content == phone.journal[0]
        assert (await office.get(f"/api/v1/sync/ops/{by_number[1]}")).status_code == 404
