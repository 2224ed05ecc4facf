"""What every store must bear when phones and server are of different releases: SPEC.md V1–V3. Give a fixture `lab`.

The sample as three releases might have had it:

    schema 1   notes have `body` · profiles have `lang` ("uz-UZ") · `sample.pay {account, sum}`
    schema 2   notes have `text` · profiles have `locale` ("uz-UZ")
    schema 3   profiles' locale is the language alone ("uz") · `sample.spend {account_id, amount}`
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sync.refusals import CommandUnknown
from sync.registry import Registry
from sync.testing.lab import DAY_MS, Lab, outcomes
from sync.testing.phone import Pen, id_of
from sync.testing.sample import ANSWERS, ATTEMPTS, NOTES, PROFILES, SPENDINGS, sample_registry
from sync.upcast import Upcast, Values, build_upcasts
from sync.waking import announce_schema

ACCOUNT = id_of("account")


def renamed(old: str, new: str) -> Any:  # Any: a Change
    """A field under another name; what an op does not say it does not say afterwards."""

    def change(_kind: str, values: Values) -> Values:
        return {new if name == old else name: value for name, value in values.items()}

    return change


def language_alone(_kind: str, values: Values) -> Values:
    return values | {"locale": values["locale"].partition("-")[0]} if "locale" in values else values


def pay_as_spend(kind: str, values: Values) -> Values:
    if kind != "command":
        raise CommandUnknown
    return {"account_id": values["account"], "amount": values["sum"] // 100}


UPCASTS = (
    Upcast(NOTES.name, 1, renamed("body", "text")),
    Upcast(PROFILES.name, 1, renamed("lang", "locale")),
    Upcast(PROFILES.name, 2, language_alone),
    Upcast(ANSWERS.name, 1, renamed("answer", "value")),
    Upcast("sample.pay", 2, pay_as_spend, becomes="sample.spend"),
)


def release(schema: int, upcasts: Iterable[Upcast] = ()) -> Registry:
    """The sample as the release of this schema."""
    now = sample_registry()
    path = build_upcasts(upcasts, schema=schema, collections=now.collections, commands=now.mutators)
    return replace(now, schema=schema, upcasts=path)


class VersionContract:
    """SPEC V1–V3."""

    async def test_V1_200_ops_of_a_client_two_releases_old_are_read_as_they_were_meant(self, lab: Lab) -> None:
        lab.registry = release(3, UPCASTS)
        pen = Pen()
        profile = PROFILES.derived_id({"user_id": pen.user_id})
        for number in range(100):
            pen.create(NOTES, id_of(f"note {number}"), {"body": f"text {number}"})
        pen.create(PROFILES, profile, {"name": "Amina", "lang": "ru-RU"})
        for number in range(49):
            pen.patch(PROFILES, profile, {"lang": f"uz-{number}"} if number % 2 == 0 else {"name": f"Amina {number}"})
        for _ in range(50):
            pen.command("sample.pay", account=str(ACCOUNT), sum=300)

        answer = await lab.push(pen)
        again = await lab.push(pen)

        assert len(answer.receipts) == 200
        assert {text.split()[0] for text in outcomes(answer)} <= {"applied", "merged"}
        assert again.receipts == answer.receipts
        assert [row["text"] for number in (0, 99) if (row := await lab.row(NOTES, id_of(f"note {number}")))] == [
            "text 0",
            "text 99",
        ]
        stored = await lab.row(PROFILES, profile)
        assert stored is not None
        assert (stored["locale"], stored["name"]) == ("uz", "Amina 47")
        spent = await lab.row(SPENDINGS, ACCOUNT)
        assert spent is not None
        assert spent["amount"] == 150

    async def test_V1_an_op_goes_through_the_releases_after_its_own_and_no_other(self, lab: Lab) -> None:
        lab.registry = release(3, UPCASTS)
        pen = Pen()
        profile = PROFILES.derived_id({"user_id": pen.user_id})
        pen.create(PROFILES, profile, {"locale": "ru-RU"}, schema=2)
        pen.patch(PROFILES, profile, {"name": "Now", "locale": "ky-KG"}, schema=3)
        pen.create(NOTES, id_of("now"), {"text": "no schema: as of now"}, schema=0)
        pen.create(NOTES, id_of("mixed"), {"text": "what schema 1 did not know"}, schema=1)
        pen.create(NOTES, id_of("wrong"), {"body": "what schema 2 did not know"}, schema=2)

        answer = await lab.push(pen)

        assert outcomes(answer)[0] == "applied"
        assert outcomes(answer)[2:] == ["applied", "applied", "parked field.not_writable"]
        stored = await lab.row(PROFILES, profile)
        assert stored is not None
        assert stored["locale"] == "ky-KG"

    async def test_V1_each_row_of_a_batch_is_brought_up_to_date(self, lab: Lab) -> None:
        lab.registry = release(3, UPCASTS)
        pen = Pen()
        attempt = id_of("attempt")
        pen.create(ATTEMPTS, attempt, {"state": "open", "title": "Motion"})
        pen.batch(ANSWERS, {"attempt_id": str(attempt)}, ["item", "answer", "at"], [[0, "b", 0], [1, "c", 400]])

        answer = await lab.push(pen)

        assert outcomes(answer) == ["applied", "applied"]
        row = await lab.row(ANSWERS, ANSWERS.derived_id({"attempt_id": attempt, "item": 1}))
        assert row is not None
        assert row["value"] == "c"

    async def test_V1_an_op_is_known_by_its_bytes_whatever_release_reads_them(self, lab: Lab) -> None:
        """Sent to the release it was made for, then renumbered to one that reads it otherwise: once."""
        pen, forked = Pen(), Pen("forked")
        profile = PROFILES.derived_id({"user_id": pen.user_id})
        lab.registry = release(1)
        op = {"kind": "create", "collection": PROFILES.name, "id": profile, "fields": {"locale": "ru-RU"}}
        pen.write(**op, at=[1_790_000_000_000, 0])
        forked.write(**op, at=[1_790_000_000_000, 0], again=True)
        await lab.push(pen)
        lab.registry = release(3, UPCASTS)

        answer = await lab.push(forked)

        assert outcomes(answer) == ["duplicate"]

    async def test_V2_what_an_upcast_cannot_read_is_parked_holds_up_nobody_and_can_be_retried(self, lab: Lab) -> None:
        lab.registry = release(3, UPCASTS)
        pen = Pen()
        pen.command("sample.pay", account=str(ACCOUNT), sum="three", more={"op": id_of("pay")})
        pen.create(NOTES, id_of("behind"), {"body": "not held up"})

        answer = await lab.push(pen)
        assert outcomes(answer) == ["parked op.not_upcast", "applied"]

        mended = [upcast for upcast in UPCASTS if upcast.name != "sample.pay"]

        def in_words(_kind: str, values: Values) -> Values:
            return {"account_id": values["account"], "amount": 3}

        lab.registry = release(3, [*mended, Upcast("sample.pay", 2, in_words, becomes="sample.spend")])
        held = await lab.held(pen, id_of("pay"))
        pen.command("sync.op.retry", id=str(held["id"]))
        await lab.push(pen)

        spent = await lab.row(SPENDINGS, ACCOUNT)
        assert spent is not None
        assert spent["amount"] == 3

    async def test_V3_an_op_of_a_newer_release_waits_for_it_and_holds_up_nobody(self, lab: Lab) -> None:
        """A rolling deploy: the page is newer than the process that it meets."""
        lab.registry = release(1)
        pen = Pen()
        pen.create(NOTES, id_of("newer"), {"text": "from tomorrow"}, schema=2)
        pen.create(NOTES, id_of("follows"), {"text": "follows it"}, after=[id_of("newer")])
        pen.create(NOTES, id_of("behind"), {"text": "not held up"})
        strange = pen.write(kind="swap", op=id_of("swap"), first=1, second=2, schema=2)

        answer = await lab.push(pen)
        await announce_schema(lab.store, lab.registry, now_ms=lab.now_ms)
        await lab.wake()

        assert outcomes(answer) == ["waiting waiting.schema", "waiting waiting.op", "applied", "waiting waiting.schema"]
        assert answer.receipts[0].for_ == ["schema:2"]
        assert await lab.row(NOTES, id_of("newer")) is None
        assert (await lab.held(pen, id_of("swap")))["op"] == strange.decode()

        lab.registry = release(2)
        await announce_schema(lab.store, lab.registry, now_ms=lab.now_ms)
        await lab.wake()

        assert (await lab.held(pen, id_of("newer")))["outcome"] == "applied"
        assert await lab.row(NOTES, id_of("follows")) is not None
        assert (await lab.held(pen, id_of("swap")))["code"] == "op.malformed"

    async def test_V3_who_waited_30_days_is_parked_and_still_comes_with_its_release(self, lab: Lab) -> None:
        lab.registry = release(1)
        pen = Pen()
        pen.create(NOTES, id_of("newer"), {"text": "from tomorrow"}, schema=2)
        await lab.push(pen)
        lab.now_ms += 31 * DAY_MS
        await lab.wake()
        assert (await lab.held(pen, id_of("newer")))["code"] == "op.schema_newer"

        lab.registry = release(2)
        await announce_schema(lab.store, lab.registry, now_ms=lab.now_ms)
        await lab.wake()

        assert await lab.row(NOTES, id_of("newer")) is not None

    async def test_V3_what_waited_without_a_name_takes_effect_once_though_its_phone_forked(self, lab: Lab) -> None:
        """The old release does not know which argument names the record; the new one does, and met it before."""
        lab.registry = replace(release(1), mutators={})
        note = {"id": str(id_of("jotted")), "user_id": str(id_of("user amina")), "text": "once"}
        pen, forked = Pen(), Pen("forked")
        pen.write(kind="command", command="sample.note.jot", args=note, schema=2)
        forked.write(kind="command", command="sample.note.jot", args={**note, "text": "twice"}, schema=2, again=True)
        assert outcomes(await lab.push(pen)) == ["waiting waiting.schema"]

        lab.registry = release(2)
        assert outcomes(await lab.push(forked)) == ["applied"]
        await announce_schema(lab.store, lab.registry, now_ms=lab.now_ms)
        await lab.wake()

        stored = await lab.row(NOTES, id_of("jotted"))
        assert stored is not None
        assert stored["text"] == "twice"
