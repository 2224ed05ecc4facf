"""What every store must bear, continued: the policies of SPEC.md M, ids, batches, and who may write what."""

from uuid import UUID

from sync.collection import derived_id
from sync.testing.lab import DAY_MS, START_MS, Lab, outcomes
from sync.testing.phone import AT_START_MS, Pen, id_of
from sync.testing.sample import ANSWERS, ATTEMPTS, ESSAYS, NOTES, PROFILES, PROGRESS

AMINA = id_of("user amina")
LESSON = id_of("lesson")
PROFILE_ID = PROFILES.derived_id({"user_id": AMINA})
PROGRESS_ID = PROGRESS.derived_id({"user_id": AMINA, "lesson_id": LESSON})


class AppendContract:
    """SPEC M1: immutable once made."""

    async def test_M1_the_same_content_again_is_a_duplicate_and_other_content_is_refused(self, lab: Lab) -> None:
        first, same, other = Pen("1"), Pen("2"), Pen("3")
        for pen, text in ((first, "mine"), (same, "mine"), (other, "yours")):
            pen.command(
                "sample.note.jot", id=id_of("note"), user_id=AMINA, text="mine"
            ) if pen is first else pen.create(NOTES, id_of("note"), {"text": text})
        await lab.push(first)
        async with lab.store.unit(AMINA, now_ms=lab.now_ms) as unit:
            assert await unit.known([id_of("note")]) == {id_of("note")}

        # The identity is known, so for the same user both are duplicates without a look at their content …
        assert outcomes(await lab.push(same)) == ["duplicate"]

        # … and for what another writer made past the engine, the content decides.
        await lab.write(NOTES, {"id": id_of("imported"), "user_id": AMINA, "text": "from a file"})
        same.create(NOTES, id_of("imported"), {"text": "from a file"})
        other = Pen("3")
        await lab.push(same)
        assert outcomes(await lab.push(same))[-1] == "duplicate"
        await lab.write(NOTES, {"id": id_of("imported 2"), "user_id": AMINA, "text": "from a file"})
        other.create(NOTES, id_of("imported 2"), {"text": "something else"})
        assert outcomes(await lab.push(other)) == ["parked id.taken"]

    async def test_M1_nobody_patches_what_is_appended(self, lab: Lab) -> None:
        pen = Pen()
        pen.create(NOTES, id_of("note"), {"text": "hello"})
        pen.patch(NOTES, id_of("note"), {"text": "changed"})

        assert outcomes(await lab.push(pen)) == ["applied", "parked collection.not_writable"]


class JoinContract:
    """SPEC M2: a lattice; nothing goes back."""

    async def test_M2_twins_from_two_phones_meet_and_join(self, lab: Lab) -> None:
        one, two = Pen("one"), Pen("two")
        one.create(PROGRESS, PROGRESS_ID, {"lesson_id": str(LESSON), "seen_ppm": 400_000, "seconds": 60, "tags": ["b"]})
        two.create(
            PROGRESS,
            PROGRESS_ID,
            {
                "lesson_id": str(LESSON),
                "seen_ppm": 300_000,
                "seconds": 30,
                "tags": ["a"],
                "completed_at": "2026-11-21T08:00:00.5Z",
            },
        )
        await lab.push(one)

        assert outcomes(await lab.push(two)) == ["merged"]
        row = await lab.row(PROGRESS, PROGRESS_ID) or {}
        assert (row["seen_ppm"], row["seconds"], row["tags"]) == (400_000, 90, ["a", "b"])
        assert row["completed_at"].isoformat() == "2026-11-21T08:00:00.500000+00:00"

    async def test_M2_what_arrives_late_never_takes_back(self, lab: Lab) -> None:
        pen = Pen()
        pen.create(PROGRESS, PROGRESS_ID, {"lesson_id": str(LESSON), "seen_ppm": 400_000, "seconds": 60})
        pen.patch(PROGRESS, PROGRESS_ID, {"seen_ppm": 200_000})
        pen.patch(PROGRESS, PROGRESS_ID, {"seen_ppm": 900_000, "seconds": 80})

        assert outcomes(await lab.push(pen)) == ["applied", "merged", "applied"]
        row = await lab.row(PROGRESS, PROGRESS_ID) or {}
        assert (row["seen_ppm"], row["seconds"]) == (900_000, 80)

    async def test_M2_an_instant_without_a_zone_is_refused_by_name(self, lab: Lab) -> None:
        pen = Pen()
        pen.create(PROGRESS, PROGRESS_ID, {"lesson_id": str(LESSON), "completed_at": "2026-11-21T08:00:00"})

        answer = await lab.push(pen)

        assert outcomes(answer) == ["parked field.invalid"]
        assert list(answer.receipts[0].fields) == ["completed_at"]


class LwwContract:
    """SPEC M3: field by field; untouched fields are never reverted."""

    async def _profile(self, lab: Lab) -> int:
        await lab.write(
            PROFILES, {"id": PROFILE_ID, "user_id": AMINA, "name": "Amina", "locale": "en", "role": "student"}
        )
        return int((await lab.row(PROFILES, PROFILE_ID) or {})["version"])

    async def test_M3_two_phones_change_two_fields_and_both_stand(self, lab: Lab) -> None:
        base = await self._profile(lab)
        one, two = Pen("one"), Pen("two")
        one.patch(PROFILES, PROFILE_ID, {"name": "Mina"}, base=base)
        two.patch(PROFILES, PROFILE_ID, {"locale": "uz"}, base=base)

        assert outcomes(await lab.push(one)) == outcomes(await lab.push(two)) == ["applied"]
        row = await lab.row(PROFILES, PROFILE_ID) or {}
        assert (row["name"], row["locale"]) == ("Mina", "uz")

    async def test_M3_both_changed_the_later_clock_wins_in_either_order(self, lab: Lab) -> None:
        base = await self._profile(lab)
        early, late = Pen("early"), Pen("late")
        early.patch(PROFILES, PROFILE_ID, {"name": "early"}, base=base, at=[5_000, 0])
        late.patch(PROFILES, PROFILE_ID, {"name": "late"}, base=base, at=[9_000, 0])
        await lab.push(late)

        assert outcomes(await lab.push(early)) == ["merged"]
        assert (await lab.row(PROFILES, PROFILE_ID) or {})["name"] == "late"

    async def test_M3_who_saw_the_stored_value_wins_whatever_the_clock_says(self, lab: Lab) -> None:
        base = await self._profile(lab)
        fast, slow, third = Pen("fast"), Pen("slow"), Pen("third")
        fast.patch(PROFILES, PROFILE_ID, {"name": "fast"}, base=base, at=[10_000, 0])
        seen = (await lab.push(fast)).receipts[0].version
        slow.patch(PROFILES, PROFILE_ID, {"name": "slow"}, base=seen, at=[5_000, 0])
        third.patch(PROFILES, PROFILE_ID, {"name": "third"}, base=base, at=[7_000, 0])

        assert outcomes(await lab.push(slow)) == ["applied"]
        assert outcomes(await lab.push(third)) == ["merged"]
        assert (await lab.row(PROFILES, PROFILE_ID) or {})["name"] == "slow"

    async def test_M3_a_server_side_writer_is_stamped_and_a_phone_that_did_not_see_it_loses(self, lab: Lab) -> None:
        base = await self._profile(lab)
        await lab.write(PROFILES, {"id": PROFILE_ID, "user_id": AMINA, "name": "by staff"})
        blind, seeing = Pen("blind"), Pen("seeing")
        blind.patch(PROFILES, PROFILE_ID, {"name": "blind", "locale": "uz"}, base=base)
        seeing.patch(PROFILES, PROFILE_ID, {"name": "seeing"}, base=base + 1)

        assert outcomes(await lab.push(blind)) == ["merged"]
        row = await lab.row(PROFILES, PROFILE_ID) or {}
        assert (row["name"], row["locale"]) == ("by staff", "uz")
        assert outcomes(await lab.push(seeing)) == ["applied"]

    async def test_M3_a_clock_years_ahead_counts_as_now(self, lab: Lab) -> None:
        base = await self._profile(lab)
        ahead, right = Pen("ahead"), Pen("right")
        ahead.patch(PROFILES, PROFILE_ID, {"name": "ahead"}, base=base, at=[START_MS * 2, 0])
        right.patch(PROFILES, PROFILE_ID, {"name": "right"}, base=base, at=[START_MS + 60_000, 0])
        await lab.push(ahead)

        assert outcomes(await lab.push(right)) == ["applied"]

    async def test_M3_a_field_that_is_not_writable_is_refused_by_name(self, lab: Lab) -> None:
        base = await self._profile(lab)
        pen = Pen()
        pen.patch(PROFILES, PROFILE_ID, {"role": "admin"}, base=base)

        answer = await lab.push(pen)

        assert outcomes(answer) == ["parked field.not_writable"]
        assert list(answer.receipts[0].fields) == ["role"]

    async def test_M3_twins_of_a_singleton_both_come_in(self, lab: Lab) -> None:
        one, two = Pen("one"), Pen("two")
        one.create(PROFILES, PROFILE_ID, {"name": "one"}, at=[5_000, 0])
        two.create(PROFILES, PROFILE_ID, {"name": "two", "locale": "uz"}, at=[9_000, 0])

        assert outcomes(await lab.push(two)) == ["applied"]
        assert outcomes(await lab.push(one)) == ["merged"]
        row = await lab.row(PROFILES, PROFILE_ID) or {}
        assert (row["name"], row["locale"]) == ("two", "uz")


class FsmContract:
    """SPEC M4: a phone begins it; commands move it."""

    async def test_M4_a_row_begins_in_its_first_state_and_moves_by_legal_commands_only(self, lab: Lab) -> None:
        pen = Pen()
        pen.create(ATTEMPTS, id_of("attempt"), {"title": "test"})
        pen.create(ATTEMPTS, id_of("cheat"), {"title": "test", "state": "graded"})
        pen.command("sample.attempt.submit", attempt_id=id_of("attempt"))
        pen.command("sample.attempt.submit", attempt_id=id_of("attempt"))

        answer = await lab.push(pen)

        assert outcomes(answer) == ["applied", "parked field.invalid", "applied", "parked state.illegal"]
        assert (await lab.row(ATTEMPTS, id_of("attempt")) or {})["state"] == "submitted"


class WritingContract:
    """SPEC M5-M8: guards, ownership, batches, deleted rows."""

    def _attempt(self, pen: Pen) -> None:
        pen.create(ATTEMPTS, id_of("attempt"), {"title": "test"})

    async def test_M5_a_guard_sees_the_state_of_now_even_within_one_request(self, lab: Lab) -> None:
        pen = Pen()
        self._attempt(pen)
        for item in (0, 1):
            answer_id = ANSWERS.derived_id({"attempt_id": id_of("attempt"), "item": item})
            pen.create(ANSWERS, answer_id, {"attempt_id": str(id_of("attempt")), "item": item, "value": ["a", item]})
            if item == 0:
                pen.patch(ANSWERS, answer_id, {"value": {"chosen": "b"}})
                pen.command("sample.attempt.submit", attempt_id=id_of("attempt"))

        answer = await lab.push(pen)

        assert outcomes(answer) == ["applied", "applied", "applied", "applied", "parked attempt.closed"]
        first = ANSWERS.derived_id({"attempt_id": id_of("attempt"), "item": 0})
        assert (await lab.row(ANSWERS, first) or {})["value"] == {"chosen": "b"}

    async def test_M5_what_was_read_ahead_is_dropped_when_a_command_or_an_op_writes_what_the_guard_reads(
        self, lab: Lab
    ) -> None:
        pen = Pen()
        self._attempt(pen)
        self._answer(pen, 0, "a")
        self._answer(pen, 1, "b")
        pen.create(NOTES, id_of("between"), {"text": "words"})
        self._answer(pen, 2, "c")
        pen.command("sample.attempt.submit", attempt_id=id_of("attempt"))
        self._answer(pen, 3, "d")
        pen.create(ATTEMPTS, id_of("second"), {"title": "test"})
        self._answer(pen, 4, "e", attempt="second")

        expected = ["applied"] * 6 + ["parked attempt.closed"] + ["applied"] * 2
        assert outcomes(await lab.push(pen)) == expected

    async def test_M5_what_follows_a_run_of_writes_is_one_with_it_and_a_late_refusal_finds_its_op(
        self, lab: Lab
    ) -> None:
        pen = Pen()
        self._attempt(pen)
        noted = self._answer(pen, 0, "note it")
        self._answer(pen, 1, "b")
        refused = self._answer(pen, 2, "too much")
        self._answer(pen, 3, "d")

        assert outcomes(await lab.push(pen)) == ["applied"] * 3 + ["parked credit.empty", "applied"]
        assert await lab.row(ANSWERS, refused) is None
        assert await lab.row(NOTES, derived_id("sample.answer_note", noted)) is not None

        again = Pen("again")
        rows = [[5, "note it"], [6, "x"], [7, "y"]]
        again.batch(ANSWERS, {"attempt_id": str(id_of("attempt"))}, ["item", "value"], rows)
        first = ANSWERS.derived_id({"attempt_id": id_of("attempt"), "item": 5})
        assert outcomes(await lab.push(again)) == ["applied"]
        assert (await lab.row(NOTES, derived_id("sample.answer_note", first)) or {})["text"] == "3 came"

    def _answer(self, pen: Pen, item: int, value: str, *, attempt: str = "attempt") -> UUID:
        answer_id = ANSWERS.derived_id({"attempt_id": id_of(attempt), "item": item})
        pen.create(ANSWERS, answer_id, {"attempt_id": str(id_of(attempt)), "item": item, "value": value})
        return answer_id

    async def test_M6_a_phone_writes_only_what_is_its_own_users(self, lab: Lab) -> None:
        amina, brian = Pen("a"), Pen("b", user="brian")
        amina.create(PROFILES, PROFILE_ID, {"name": "Amina"})
        brian.create(PROFILES, PROFILE_ID, {"name": "Brian"})
        brian.patch(PROFILES, PROFILE_ID, {"name": "Brian"})
        await lab.push(amina)

        assert outcomes(await lab.push(brian)) == ["parked record.not_yours"] * 2
        assert (await lab.row(PROFILES, PROFILE_ID) or {})["user_id"] == AMINA

    async def test_M7_a_batch_writes_many_rows_as_one_op(self, lab: Lab) -> None:
        pen = Pen()
        self._attempt(pen)
        same = {"attempt_id": str(id_of("attempt"))}
        pen.batch(ANSWERS, same, ["item", "value", "at"], [[0, "b", 0], [1, ["a", "c"], 412], [0, "c", 900]])

        assert outcomes(await lab.push(pen)) == ["applied", "applied"]
        values = [ANSWERS.derived_id({"attempt_id": id_of("attempt"), "item": item}) for item in (0, 1)]
        assert [(await lab.row(ANSWERS, id_) or {})["value"] for id_ in values] == ["c", ["a", "c"]]

    async def test_M7_a_batch_is_all_or_nothing(self, lab: Lab) -> None:
        pen = Pen()
        self._attempt(pen)
        same = {"attempt_id": str(id_of("attempt"))}
        pen.batch(ANSWERS, same, ["item", "value"], [[0, "b"], ["one", "c"]])
        pen.batch(ANSWERS, same, ["item", "value"], [[0, "b"], [1]])
        pen.batch(ANSWERS, {}, ["item", "value"], [[0, "b"]])
        pen.batch(NOTES, {}, ["text"], [["no key"]])

        assert outcomes(await lab.push(pen)) == [
            "applied",
            "parked field.invalid",
            "parked op.malformed",
            "parked op.malformed",
            "parked collection.not_writable",
        ]
        first = ANSWERS.derived_id({"attempt_id": id_of("attempt"), "item": 0})
        assert await lab.row(ANSWERS, first) is None

    async def test_M7_a_collection_may_shorten_the_columns_of_a_batch(self, lab: Lab) -> None:
        pen = Pen()
        self._attempt(pen)
        pen.batch(ANSWERS, {"attempt_id": str(id_of("attempt"))}, ["no", "value"], [[3, "b"]])

        assert outcomes(await lab.push(pen)) == ["applied", "applied"]
        assert await lab.row(ANSWERS, ANSWERS.derived_id({"attempt_id": id_of("attempt"), "item": 3})) is not None

    async def test_M5_a_guard_fills_what_is_the_servers_and_what_follows_a_write_is_one_with_it(self, lab: Lab) -> None:
        pen = Pen()
        pen.create(ESSAYS, id_of("essay"), {"text": "On stars"})
        pen.create(ESSAYS, id_of("empty"), {"text": "nothing"})

        assert outcomes(await lab.push(pen)) == ["applied", "parked credit.empty"]
        assert (await lab.row(ESSAYS, id_of("essay")) or {})["praise"] == "well done"
        assert await lab.row(NOTES, derived_id("sample.essay_note", id_of("essay"))) is not None
        assert await lab.row(ESSAYS, id_of("empty")) is None

    async def test_M11_work_made_before_a_right_ended_is_taken_for_30_days_and_flagged(self, lab: Lab) -> None:
        pen = Pen()
        for days, word in ((29, "in time"), (31, "too late")):
            ended = {"id": pen.user_id, "user_id": pen.user_id, "text": str(AT_START_MS + 10 * DAY_MS)}
            await lab.write(ESSAYS, {**ended, "praise": str((days + 10) * DAY_MS - 3_000)})
            pen.create(ESSAYS, id_of(word), {"text": word})
            await lab.push(pen)
        pen.create(ESSAYS, id_of("afterwards"), {"text": "x"}, at=[AT_START_MS + 11 * DAY_MS, 0])

        answer = await lab.push(pen)

        assert outcomes(answer) == ["applied", "parked rights.lost", "parked rights.lost"]
        assert answer.receipts[0].flag == "rights.lost"

    async def test_M11_U10_thirty_papers_graded_before_a_role_was_lost_are_taken_and_those_after_it_kept(
        self, lab: Lab
    ) -> None:
        pen = Pen()
        ended = {"id": pen.user_id, "user_id": pen.user_id, "text": str(AT_START_MS + DAY_MS)}
        await lab.write(ESSAYS, {**ended, "praise": str(2 * DAY_MS)})  # Sent two days after they were made.
        for paper in range(30):
            pen.create(ESSAYS, id_of(f"paper {paper}"), {"text": f"graded {paper}"})
        for paper in range(30, 33):
            pen.create(ESSAYS, id_of(f"paper {paper}"), {"text": "late"}, at=[AT_START_MS + DAY_MS + paper, 0])
        pen.create(NOTES, id_of("behind them"), {"text": "not held up"})

        answer = await lab.push(pen)

        assert outcomes(answer) == ["applied"] * 30 + ["parked rights.lost"] * 3 + ["applied"]
        assert {receipt.flag for receipt in answer.receipts[:30]} == {"rights.lost"}
        assert "late" in (await lab.held(pen, id_of("paper 30")))["op"], "what was written is kept, word for word"

    async def test_M8_a_deleted_row_takes_no_writes(self, lab: Lab) -> None:
        pen = Pen()
        pen.create(PROFILES, PROFILE_ID, {"name": "Amina"})
        await lab.push(pen)
        deleted_at = lab.deleted_now()
        await lab.write(PROFILES, {"id": PROFILE_ID, "user_id": AMINA, "deleted_at": deleted_at})
        pen.patch(PROFILES, PROFILE_ID, {"name": "again"})

        assert outcomes(await lab.push(pen))[-1] == "parked record.deleted"

    async def test_M8_U5_a_create_that_comes_again_after_the_deletion_brings_nothing_back(self, lab: Lab) -> None:
        pen, twin = Pen(), Pen("twin")
        pen.create(PROFILES, PROFILE_ID, {"name": "Amina"}, op=id_of("the wish"))
        await lab.push(pen)
        await lab.write(PROFILES, {"id": PROFILE_ID, "user_id": AMINA, "deleted_at": lab.deleted_now()})
        pen.create(PROFILES, PROFILE_ID, {"name": "Amina"}, op=id_of("the wish"), again=True)
        twin.create(PROFILES, PROFILE_ID, {"name": "Mina"}, op=id_of("another wish"))

        assert outcomes(await lab.push(pen)) == ["applied", "duplicate"]
        assert outcomes(await lab.push(twin)) == ["parked record.deleted"]
        row = await lab.row(PROFILES, PROFILE_ID)
        assert row is not None
        assert row["deleted_at"] is not None

    async def test_M8_a_patch_of_nothing_is_parked(self, lab: Lab) -> None:
        pen = Pen()
        pen.patch(PROFILES, PROFILE_ID, {"name": "Amina"})

        assert outcomes(await lab.push(pen)) == ["parked record.absent"]
