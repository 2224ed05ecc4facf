"""What every store must bear, continued: ops that wait, are parked, and what becomes of them. SPEC.md U16-U26."""

import msgspec

from sync.receipts import held_id
from sync.testing.lab import DAY_MS, Lab, outcomes
from sync.testing.phone import Pen, id_of
from sync.testing.sample import ANSWERS, ATTEMPTS, NOTES, PROFILES, SPENDINGS

ACCOUNT = id_of("account")
PHOTO = "ab" * 32
NO_CREDIT_AMOUNT = 7
BUG_AMOUNT = 13


class WaitingContract:
    """SPEC U16-U18: waiting for files, for ops, for records; every wait ends."""

    async def test_U16_an_op_waits_for_its_file_and_is_applied_when_it_comes(self, lab: Lab) -> None:
        pen = Pen()
        pen.create(NOTES, id_of("note"), {"text": "with a photo"}, blobs=[PHOTO])

        answer = await lab.push(pen)
        assert outcomes(answer) == ["waiting waiting.blob"]
        assert answer.receipts[0].for_ == [f"blob:{PHOTO}"]
        assert (await lab.held(pen, id_of("note")))["outcome"] == "waiting"

        await lab.bring_blob(PHOTO)

        assert (await lab.held(pen, id_of("note")))["outcome"] == "applied"
        assert await lab.row(NOTES, id_of("note")) is not None

    async def test_U16_a_wait_ends_after_30_days_and_a_late_file_still_wakes_it(self, lab: Lab) -> None:
        pen = Pen()
        pen.create(NOTES, id_of("note"), {"text": "with a photo"}, blobs=[PHOTO])
        await lab.push(pen)

        lab.now_ms += 31 * DAY_MS
        await lab.wake()
        held = await lab.held(pen, id_of("note"))
        assert (held["outcome"], held["code"]) == ("parked", "blob.missing")

        await lab.bring_blob(PHOTO)
        assert (await lab.held(pen, id_of("note")))["outcome"] == "applied"

    async def test_U25_a_file_counts_for_who_sent_it(self, lab: Lab) -> None:
        amina, brian = Pen("a"), Pen("b", user="brian")
        amina.create(NOTES, id_of("note"), {"text": "with a photo"}, blobs=[PHOTO])
        await lab.push(amina)

        await lab.bring_blob(PHOTO, user_id=brian.user_id)
        assert (await lab.held(amina, id_of("note")))["outcome"] == "waiting"

        await lab.bring_blob(PHOTO, user_id=amina.user_id)
        assert (await lab.held(amina, id_of("note")))["outcome"] == "applied"

    async def test_U25_a_file_that_is_not_taken_parks_its_op_and_a_better_one_wakes_it(self, lab: Lab) -> None:
        pen = Pen()
        pen.create(NOTES, id_of("note"), {"text": "with a photo"}, blobs=[PHOTO])
        await lab.push(pen)

        await lab.refuse_blob(PHOTO, user_id=pen.user_id)
        held = await lab.held(pen, id_of("note"))
        assert (held["outcome"], held["code"]) == ("parked", "blob.refused")

        await lab.bring_blob(PHOTO, user_id=pen.user_id)
        assert (await lab.held(pen, id_of("note")))["outcome"] == "applied"

    async def test_U17_an_op_follows_the_one_it_names(self, lab: Lab) -> None:
        pen = Pen()
        pen.create(NOTES, id_of("note"), {"text": "with a photo"}, blobs=[PHOTO])
        pen.command("sample.spend", account_id=ACCOUNT, amount=5, more={"op": id_of("then"), "after": [id_of("note")]})

        assert outcomes(await lab.push(pen)) == ["waiting waiting.blob", "waiting waiting.op"]
        await lab.bring_blob(PHOTO)

        assert (await lab.held(pen, id_of("then")))["outcome"] == "applied"
        assert (await lab.row(SPENDINGS, ACCOUNT) or {})["amount"] == 5

    async def test_U17_what_touches_a_record_that_waits_waits_with_it(self, lab: Lab) -> None:
        pen = Pen()
        answer_id = ANSWERS.derived_id({"attempt_id": id_of("attempt"), "item": 1})
        pen.create(ATTEMPTS, id_of("attempt"), {"title": "test"}, blobs=[PHOTO])
        pen.create(
            ANSWERS, answer_id, {"attempt_id": str(id_of("attempt")), "item": 1, "value": "b"}, op=id_of("answer")
        )
        pen.command("sample.attempt.submit", attempt_id=id_of("attempt"), more={"op": id_of("submit")})

        assert outcomes(await lab.push(pen)) == ["waiting waiting.blob", "waiting waiting.op", "waiting waiting.op"]
        await lab.bring_blob(PHOTO)

        assert (await lab.row(ANSWERS, answer_id) or {})["value"] == "b"
        assert (await lab.row(ATTEMPTS, id_of("attempt")) or {})["state"] == "submitted"

    async def test_U17_a_record_held_for_one_user_holds_up_no_other(self, lab: Lab) -> None:
        amina, brian = Pen("a"), Pen("b", user="brian")
        amina.create(NOTES, id_of("note"), {"text": "x"}, blobs=[PHOTO])
        await lab.push(amina)
        brian.create(NOTES, id_of("note"), {"text": "y"})

        assert outcomes(await lab.push(brian)) == ["applied"]

    async def test_U18_after_a_restore_a_patch_waits_for_its_record(self, lab: Lab) -> None:
        await lab.store.pretend_restored(lab.now_ms - DAY_MS)
        one, two = Pen("one"), Pen("two")
        profile_id = PROFILES.derived_id({"user_id": one.user_id})
        one.patch(PROFILES, profile_id, {"locale": "uz"}, op=id_of("patch"))
        two.create(PROFILES, profile_id, {"name": "Amina"})

        assert outcomes(await lab.push(one)) == ["waiting waiting.record"]
        await lab.push(two)

        assert (await lab.row(PROFILES, profile_id) or {})["locale"] == "uz"

    async def test_U18_after_a_restore_a_command_waits_for_the_record_that_it_names(self, lab: Lab) -> None:
        await lab.store.pretend_restored(lab.now_ms - DAY_MS)
        one, two = Pen("one"), Pen("two")
        one.command("sample.attempt.submit", attempt_id=id_of("attempt"), more={"op": id_of("submit")})
        two.create(ATTEMPTS, id_of("attempt"), {"title": "given back"})

        assert outcomes(await lab.push(one)) == ["waiting waiting.record"]
        await lab.push(two)

        assert (await lab.row(ATTEMPTS, id_of("attempt")) or {})["state"] == "submitted"
        assert (await lab.held(one, id_of("submit")))["outcome"] == "applied"

    async def test_U18_without_a_restore_or_long_after_one_it_is_refused(self, lab: Lab) -> None:
        pen = Pen()
        pen.command("sample.attempt.submit", attempt_id=id_of("attempt"), more={"op": id_of("early")})
        assert outcomes(await lab.push(pen)) == ["parked record.absent"]

        await lab.store.pretend_restored(lab.now_ms - 15 * DAY_MS)
        pen.command("sample.attempt.submit", attempt_id=id_of("attempt"), more={"op": id_of("late")})
        assert outcomes(await lab.push(pen)) == ["parked record.absent", "parked record.absent"]


class MovesContract:
    """SPEC U19-U22: what becomes of a parked op."""

    async def _parked(self, lab: Lab, pen: Pen) -> None:
        pen.command("sample.spend", account_id=ACCOUNT, amount=NO_CREDIT_AMOUNT, more={"op": id_of("refused")})
        pen.command(
            "sample.spend", account_id=ACCOUNT, amount=1, more={"op": id_of("next"), "after": [id_of("refused")]}
        )
        assert outcomes(await lab.push(pen)) == ["parked credit.empty", "parked depends_on"]

    async def test_U19_a_withdrawn_op_takes_with_it_what_depends_on_it(self, lab: Lab) -> None:
        pen = Pen()
        await self._parked(lab, pen)
        row_id = held_id(pen.user_id, id_of("refused"))
        pen.command("sync.op.withdraw", id=row_id)
        pen.command("sync.op.withdraw", id=row_id)

        assert outcomes(await lab.push(pen))[2:] == ["applied", "duplicate"]
        assert (await lab.held(pen, id_of("refused")))["outcome"] == "withdrawn"
        assert (await lab.held(pen, id_of("next")))["code"] == "depends_on.gone"

    async def test_U20_a_correction_replaces_it_and_a_second_one_comes_too_late(self, lab: Lab) -> None:
        pen = Pen()
        await self._parked(lab, pen)
        pen.command("sample.spend", account_id=ACCOUNT, amount=2, more={"replaces": id_of("refused")})
        pen.command("sample.spend", account_id=ACCOUNT, amount=3, more={"replaces": id_of("refused")})

        assert outcomes(await lab.push(pen))[2:] == ["applied", "parked op.moved"]
        assert (await lab.held(pen, id_of("refused")))["outcome"] == "replaced"
        assert (await lab.row(SPENDINGS, ACCOUNT) or {})["amount"] == 2

    async def test_U20_a_correction_may_keep_the_records_id(self, lab: Lab) -> None:
        pen = Pen()
        pen.create(NOTES, id_of("note"), {"text": ""})
        pen.create(NOTES, id_of("note"), {"text": "mended"}, replaces=id_of("note"))

        assert outcomes(await lab.push(pen)) == ["parked field.invalid", "applied"]
        assert (await lab.held(pen, id_of("note")))["outcome"] == "applied"

    async def test_U20_what_replaces_an_op_this_store_forgot_keeps_it_from_coming_back(self, lab: Lab) -> None:
        pen, forked = Pen(), Pen("forked")
        pen.command("sample.spend", account_id=ACCOUNT, amount=2, more={"replaces": id_of("lost")})
        forked.command("sample.spend", account_id=ACCOUNT, amount=7, more={"op": id_of("lost"), "again": True})

        assert outcomes(await lab.push(pen)) == ["applied"]
        assert outcomes(await lab.push(forked)) == ["duplicate"]

    async def test_U20_what_replaces_a_forgotten_op_and_waits_is_applied_when_its_wait_ends(self, lab: Lab) -> None:
        pen = Pen()
        pen.create(NOTES, id_of("note"), {"text": "mended"}, replaces=id_of("lost"), blobs=[PHOTO])
        assert outcomes(await lab.push(pen)) == ["waiting waiting.blob"]

        await lab.bring_blob(PHOTO)

        assert (await lab.held(pen, id_of("note")))["outcome"] == "applied"
        assert await lab.row(NOTES, id_of("note")) is not None

    async def test_U21_a_parked_op_is_tried_again_as_its_author(self, lab: Lab) -> None:
        pen, staff = Pen(), Pen("desk", user="staff")
        await lab.store.make_staff(staff.user_id)
        answer_id = ANSWERS.derived_id({"attempt_id": id_of("attempt"), "item": 1})
        answer = {"attempt_id": str(id_of("attempt")), "item": 1, "value": "b"}
        pen.create(ANSWERS, answer_id, answer, op=id_of("answer"))
        assert outcomes(await lab.push(pen)) == ["parked attempt.closed"]
        await lab.write(ATTEMPTS, {"id": id_of("attempt"), "user_id": pen.user_id, "state": "open"})

        staff.command("sync.op.retry", id=held_id(pen.user_id, id_of("answer")))
        await lab.push(staff)

        assert (await lab.held(pen, id_of("answer")))["outcome"] == "applied"
        assert (await lab.row(ANSWERS, answer_id) or {})["user_id"] == pen.user_id

    async def test_U24_what_became_of_an_op_is_told_for_90_days(self, lab: Lab) -> None:
        pen = Pen()
        await self._parked(lab, pen)
        pen.command("sync.op.withdraw", id=held_id(pen.user_id, id_of("refused")))
        await lab.push(pen)

        await lab.store.expire(now_ms=lab.now_ms + 89 * DAY_MS)
        assert (await lab.held(pen, id_of("refused")))["deleted_at"] is None
        await lab.store.expire(now_ms=lab.now_ms + 91 * DAY_MS)
        assert (await lab.held(pen, id_of("refused")))["deleted_at"] is not None
        assert (await lab.held(pen, id_of("next")))["deleted_at"] is None

    async def test_U26_of_a_long_refused_op_phones_hold_a_summary_and_the_store_its_bytes(self, lab: Lab) -> None:
        pen = Pen()
        pen.create(NOTES, id_of("short"), {"text": "hello", "nonsense": 1})
        pen.create(NOTES, id_of("long"), {"text": "do not lose me " * 5_000, "nonsense": 1})
        await lab.push(pen)
        short, long = await lab.held(pen, id_of("short")), await lab.held(pen, id_of("long"))

        summary = msgspec.json.decode(long["op"])
        assert (short["op"], short["bytes"]) == (pen.ops[0].decode(), None)
        assert (summary["kind"], summary["collection"], "id" in summary) == ("summary", NOTES.name, False)
        assert (summary["record"], summary["fields"]["text"][:14]) == (str(id_of("long")), "do not lose me")
        assert len(long["op"]) < 512 < long["bytes"] == len(pen.ops[1])
        kept = await lab.store.held_op(long["id"])
        assert kept is not None
        assert (kept.raw, kept.user_id) == (pen.ops[1], pen.user_id)
        assert await lab.store.held_op(id_of("nobody's")) is None

    async def test_U26_an_op_that_waits_is_told_whole_and_what_cannot_be_read_by_how_it_begins(self, lab: Lab) -> None:
        pen = Pen()
        photos = [f"{number:02x}" * 32 for number in range(10)]
        pen.create(NOTES, id_of("note"), {"text": "with photos"}, blobs=photos)
        pen.raw(b'{"n":2,"kind":"void","op":"%s","x":"' % str(id_of("odd")).encode() + b"\\ud800" * 500 + b'"}')
        await lab.push(pen)

        waiting, odd = await lab.held(pen, id_of("note")), await lab.held(pen, id_of("odd"))
        assert (waiting["op"], waiting["bytes"]) == (pen.ops[0].decode(), None)
        assert (odd["op"], odd["bytes"]) == (pen.ops[1].decode()[:60], len(pen.ops[1]))
        for photo in photos:
            await lab.bring_blob(photo)
        applied = await lab.held(pen, id_of("note"))
        assert (applied["outcome"], applied["bytes"]) == ("applied", len(pen.ops[0]))
        assert (await lab.row(NOTES, id_of("note")) or {})["text"] == "with photos"

    async def test_U21_nobody_but_staff_moves_the_op_of_another(self, lab: Lab) -> None:
        pen, stranger = Pen(), Pen("x", user="brian")
        await self._parked(lab, pen)
        stranger.command("sync.op.withdraw", id=held_id(pen.user_id, id_of("refused")))

        assert outcomes(await lab.push(stranger)) == ["parked record.absent"]

    async def test_U22_a_held_op_that_meets_bugs_is_parked_in_the_end_and_holds_up_no_other(self, lab: Lab) -> None:
        pen = Pen()
        pen.command("sample.spend", account_id=ACCOUNT, amount=BUG_AMOUNT, more={"op": id_of("bug"), "blobs": [PHOTO]})
        pen.command("sample.spend", account_id=ACCOUNT, amount=5, more={"op": id_of("fine"), "blobs": [PHOTO]})
        await lab.push(pen)
        await lab.bring_blob(PHOTO)
        assert (await lab.held(pen, id_of("fine")))["outcome"] == "applied"
        assert (await lab.held(pen, id_of("bug")))["outcome"] == "waiting"

        for _ in range(6):
            lab.now_ms += 31_000
            await lab.wake()

        assert (await lab.held(pen, id_of("bug")))["code"] == "internal"


class GroupContract:
    """SPEC U23: all or nothing."""

    async def test_U23_one_refused_op_parks_its_group(self, lab: Lab) -> None:
        pen = Pen()
        group = ["g", 3]
        pen.command("sample.spend", account_id=ACCOUNT, amount=1, more={"group": group})
        pen.command("sample.spend", account_id=ACCOUNT, amount=NO_CREDIT_AMOUNT, more={"group": group})
        pen.create(NOTES, id_of("note"), {"text": "x"}, group=group)
        pen.command("sample.spend", account_id=ACCOUNT, amount=2)

        assert outcomes(await lab.push(pen)) == [
            "parked group.refused",
            "parked credit.empty",
            "parked group.refused",
            "applied",
        ]
        assert (await lab.row(SPENDINGS, ACCOUNT) or {})["amount"] == 2

    async def test_U23_the_first_op_rules_the_numbers_behind_it_even_one_that_cannot_be_read(self, lab: Lab) -> None:
        pen = Pen()
        pen.command("sample.spend", account_id=ACCOUNT, amount=1, more={"group": ["g", 2]})
        pen.raw(b'{"n":2,"kind":"void","broken":"\xff"}')

        assert outcomes(await lab.push(pen)) == ["parked group.refused", "parked op.malformed"]

    async def test_U23_of_an_incomplete_group_nothing_is_used(self, lab: Lab) -> None:
        pen = Pen()
        pen.void()
        for _ in range(3):
            pen.command("sample.spend", account_id=ACCOUNT, amount=1, more={"group": ["g", 3]})

        answer = await lab.push(pen, pen.ops[:3])
        assert answer.watermark[0] == 1
        assert outcomes(await lab.push(pen)) == ["applied"] * 4

    async def test_U23_a_group_waits_and_is_applied_as_a_whole(self, lab: Lab) -> None:
        pen = Pen()
        pen.create(NOTES, id_of("note"), {"text": "x"}, group=["g", 2])
        pen.command(
            "sample.spend",
            account_id=ACCOUNT,
            amount=1,
            more={"group": ["g", 2], "blobs": [PHOTO], "op": id_of("spend")},
        )

        assert outcomes(await lab.push(pen)) == ["waiting waiting.blob"] * 2
        assert await lab.row(NOTES, id_of("note")) is None
        await lab.bring_blob(PHOTO)

        assert await lab.row(NOTES, id_of("note")) is not None
        assert (await lab.held(pen, id_of("spend")))["outcome"] == "applied"

    async def test_U23_a_group_that_is_partly_known_after_a_fork_applies_the_rest(self, lab: Lab) -> None:
        pen, forked = Pen(), Pen("forked")
        pen.command("sample.spend", account_id=ACCOUNT, amount=1, more={"op": id_of("one")})
        await lab.push(pen)
        forked.command("sample.spend", account_id=ACCOUNT, amount=1, more={"op": id_of("one"), "group": ["g", 2]})
        forked.command("sample.spend", account_id=ACCOUNT, amount=2, more={"op": id_of("two"), "group": ["g", 2]})

        assert outcomes(await lab.push(forked)) == ["duplicate", "applied"]
        assert (await lab.row(SPENDINGS, ACCOUNT) or {})["amount"] == 3
