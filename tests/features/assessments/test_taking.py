"""A learner takes a practice test without a network; what comes of it when the phone is back."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from server.base.ids import new_id
from tests.features.assessments.conftest import TestSchool, items_of, option, right_answers


async def test_an_offline_test_is_taken_handed_in_marked_and_told(world: TestSchool) -> None:
    assessment = await world.put_test()
    async with world.phone("Amina") as phone:
        await phone.sync()
        attempt = await world.begin(phone, assessment)
        for item, value in right_answers(phone).items():
            world.answer(phone, attempt, item, value)
        handed_in = world.submit(phone, attempt)
        await phone.sync()
        row = await world.marked(phone, attempt)

        assert phone.outcome(handed_in) == "applied"
        assert (row["state"], row["score_ppm"], row["result"]["passed"]) == ("graded", 1_000_000, True)
        assert row["result"]["items"][0]["explanation"] == "Hushword one \\(Hush^2\\)."
        told = list(phone.all("notifications.notifications").values())
        assert [(note["kind"], note["reference_id"]) for note in told] == [("attempt.graded", attempt)]


@pytest.mark.slow
async def test_half_knowledge_earns_its_share_and_blanks_earn_nothing(world: TestSchool) -> None:
    assessment = await world.put_test()
    async with world.phone("Amina") as phone:
        await phone.sync()
        items = items_of(phone)
        attempt = await world.begin(phone, assessment)
        world.answer(phone, attempt, items["word"]["id"], "hushhooke")
        world.answer(phone, attempt, items["ticks"]["id"], [option(items["ticks"], "Alpha")])
        world.answer(phone, attempt, items["truth"]["id"], False)
        world.submit(phone, attempt)
        await phone.sync()
        result = (await world.marked(phone, attempt))["result"]

        assert (result["points"], result["max"], result["correct_count"], result["passed"]) == (1, 6, 0, False)
        truth = next(item for item in result["items"] if item["item_id"] == items["truth"]["id"])
        assert (truth["chosen"], truth["right"], truth["feedback"]) == (False, True, "Hushfeed no")


@pytest.mark.slow
async def test_the_last_word_on_a_question_counts_and_every_word_is_kept(world: TestSchool) -> None:
    assessment = await world.put_test()
    async with world.phone("Amina") as phone:
        await phone.sync()
        truth = items_of(phone)["truth"]["id"]
        attempt = await world.begin(phone, assessment)
        for value in (False, True, False, True):
            world.answer(phone, attempt, truth, value)
        world.submit(phone, attempt)
        await phone.sync()
        row = await world.marked(phone, attempt)

        assert row["result"]["correct_count"] == 1
    history = await world.school.rows("select value from assessments_answer_history order by id")
    assert [row["value"] for row in history] == [False, True, False, True]


async def test_an_answer_after_handing_in_is_parked_and_not_counted(world: TestSchool) -> None:
    assessment = await world.put_test()
    async with world.phone("Amina") as phone:
        await phone.sync()
        truth = items_of(phone)["truth"]["id"]
        attempt = await world.begin(phone, assessment)
        world.submit(phone, attempt)
        late = world.answer(phone, attempt, truth, value=True)
        again = world.submit(phone, attempt)
        await phone.sync()
        row = await world.marked(phone, attempt)

        assert (phone.outcome(late), phone.outcome(again)) == ("attempt.closed", "attempt.closed")
        assert row["score_ppm"] == 0
        parked = phone.all("sync.ops").values()
        assert sorted(op["code"] for op in parked) == ["attempt.closed", "attempt.closed"]


@pytest.mark.slow
async def test_the_same_bytes_twice_are_one_attempt_one_paper_one_mark(world: TestSchool) -> None:
    assessment = await world.put_test()
    async with world.phone("Amina") as phone:
        await phone.sync()
        attempt = await world.begin(phone, assessment)
        for item, value in right_answers(phone).items():
            world.answer(phone, attempt, item, value)
        world.submit(phone, attempt)
        body = phone.body()
        for _ in range(3):
            assert (await phone.post(body)).status_code == 200
            await world.school.run_jobs()

    assert await world.school.value("select count(*) from assessments_attempts") == 1
    assert await world.school.value("select count(*) from assessments_answer_history") == 6
    assert await world.school.value("select count(*) from assessments_gradings") == 1
    assert await world.school.told("amina") == ["attempt.graded"]


@pytest.mark.slow
async def test_fifty_answers_of_an_attempt_travel_as_one_batch(world: TestSchool) -> None:
    assessment = await world.put_test("\n\n".join(f"::{n}::Is {n} odd? {{{'TF'[n % 2 == 0]}}}" for n in range(50)))
    async with world.phone("Amina") as phone:
        await phone.sync()
        attempt = await world.begin(phone, assessment)
        rows = [[place, place % 2 == 1, 0] for place in range(50)]
        batch = {
            "collection": "assessments.answers",
            "same": {"attempt_id": attempt},
            "columns": ["item", "value", "at"],
        }
        phone._queue({"kind": "batch", "op": str(new_id()), **batch, "rows": rows})
        world.submit(phone, attempt)
        await phone.sync()
        row = await world.marked(phone, attempt)

        assert {phone.outcome(n) for n in phone.receipts} == {"applied"}
        assert row["score_ppm"] == 1_000_000


@pytest.mark.slow
async def test_a_batch_may_name_items_and_options_by_their_places(world: TestSchool) -> None:
    assessment = await world.put_test()
    async with world.phone("Amina") as phone:
        await phone.sync()
        items = items_of(phone)
        attempt = await world.begin(phone, assessment)
        choice, ticks = items["choice"], items["ticks"]
        rows = [[choice["rank"], 1, 0], [ticks["rank"], [1, 0], 5]]
        columns = ["item", "value", "at"]
        same = {"collection": "assessments.answers", "same": {"attempt_id": attempt}, "columns": columns}
        batch = phone._queue({"kind": "batch", "op": str(new_id()), **same, "rows": rows})
        wrong = phone._queue({"kind": "batch", "op": str(new_id()), **same, "rows": [[choice["rank"], 99, 0]]})
        await phone.sync()

        assert (phone.outcome(batch), phone.outcome(wrong)) == ("applied", "answer.invalid")
        held = {row["item_id"]: row["value"] for row in phone.all("assessments.answers").values()}
        first, second = (each["id"] for each in ticks["options"][:2])
        assert held == {choice["id"]: choice["options"][1]["id"], ticks["id"]: [second, first]}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value"),
    [("choice", "no such option"), ("truth", "true"), ("ticks", [True]), ("number", "1" * 65), ("pairs", {"a": "b"})],
)
async def test_a_value_that_does_not_fit_is_parked_and_the_rest_goes_on(
    world: TestSchool, name: str, value: Any
) -> None:
    assessment = await world.put_test()
    async with world.phone("Amina") as phone:
        await phone.sync()
        items = items_of(phone)
        attempt = await world.begin(phone, assessment)
        wrong = world.answer(phone, attempt, items[name]["id"], value)
        handed_in = world.submit(phone, attempt)
        await phone.sync()

        assert phone.outcome(wrong) in {"answer.invalid", "field.invalid"}
        assert phone.outcome(handed_in) == "applied"


@pytest.mark.slow
async def test_nobody_answers_or_hands_in_for_another(world: TestSchool) -> None:
    assessment = await world.put_test()
    async with world.phone("Amina") as amina, world.phone("Brian") as brian:
        await amina.sync()
        truth = items_of(amina)["truth"]["id"]
        attempt = await world.begin(amina, assessment)
        await amina.sync()
        answered = world.answer(brian, attempt, truth, value=True)
        handed_in = world.submit(brian, attempt)
        await brian.sync()

        assert brian.outcome(answered) in {"record.not_found", "record.not_yours"}
        assert brian.outcome(handed_in) == "record.not_found"
        assert attempt not in brian.all("assessments.attempts")


@pytest.mark.slow
async def test_a_score_from_a_phone_is_refused(world: TestSchool) -> None:
    assessment = await world.put_test()
    async with world.phone("Amina") as phone:
        fields = {
            "assessment_id": str(assessment),
            "revision": 1,
            "started_at": "2026-01-01T00:00:00.000Z",
            "score_ppm": 1_000_000,
        }
        claimed = phone.create("assessments.attempts", uuid4(), fields)
        await phone.sync()

        assert phone.outcome(claimed) == "field.not_writable"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "outcome"), [("Otieno", "access.forbidden"), ("Siti", "applied"), ("Brian", "applied")]
)
async def test_learners_and_admins_take_tests_and_educators_look_at_them(
    world: TestSchool, name: str, outcome: str
) -> None:
    assessment = await world.put_test()
    async with world.phone(name) as phone:
        await world.begin(phone, assessment)
        await phone.sync()

        assert phone.outcome(1) == outcome


@pytest.mark.slow
async def test_an_unpublished_test_is_not_there_for_learners(world: TestSchool) -> None:
    assessment = await world.put_test(publish=False)
    async with world.phone("Amina") as phone, world.phone("Otieno") as teacher:
        await world.begin(phone, assessment)
        await phone.sync()
        await teacher.sync()

        assert phone.outcome(1) == "record.not_found"
        assert phone.all("assessments.items") == phone.all("assessments.assessments") == {}
        assert len(teacher.all("assessments.items")) == 6


@pytest.mark.slow
async def test_an_attempt_at_a_revision_that_never_was_is_refused(world: TestSchool) -> None:
    assessment = await world.put_test()
    async with world.phone("Amina") as phone:
        await world.begin(phone, assessment, revision=2)
        await phone.sync()

        assert phone.outcome(1) == "attempt.revision_unknown"


@pytest.mark.slow
async def test_attempts_run_out_and_two_phones_cannot_share_the_last(world: TestSchool) -> None:
    assessment = await world.put_test()
    async with world.school.as_() as tx:
        await tx.db.execute(text("update assessments_assessments set attempts_max = 2"))
    async with world.phone("Amina") as first, world.phone("Amina") as second:
        await world.begin(first, assessment)
        await world.begin(first, assessment)
        await first.sync()
        await world.begin(second, assessment)
        await second.sync()

        assert second.outcome(1) == "attempt.none_left"


@pytest.mark.slow
async def test_a_clock_in_the_future_does_not_begin_later_than_it_arrived(world: TestSchool) -> None:
    assessment = await world.put_test()
    async with world.phone("Amina") as phone:
        fields = {"assessment_id": str(assessment), "revision": 1, "started_at": "2199-01-01T00:00:00.000Z"}
        phone.create("assessments.attempts", new_id(), fields)
        await phone.sync()

    assert await world.school.value("select started_at <= received_at from assessments_attempts")


@pytest.mark.slow
async def test_staff_of_the_course_see_every_result_under_the_public_name(world: TestSchool) -> None:
    assessment = await world.put_test()
    async with world.phone("Amina") as phone, world.phone("Otieno") as teacher:
        attempt = await world.begin(phone, assessment)
        world.submit(phone, attempt)
        await phone.sync()
        await world.marked(phone, attempt)
        await teacher.sync()

        row = teacher.all("assessments.attempts")[attempt]
        assert (row["state"], row["score_ppm"], row["learner_name"]) == ("graded", 0, "Amina K.")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([[50, True]], "answer.item_unknown"),
        ([[-1, True]], "answer.item_unknown"),
        ([["0", True]], "answer.item_unknown"),
        ([[[], True]], "answer.item_unknown"),
        ([[0, True], [1, "not a truth"]], "answer.invalid"),
    ],
)
async def test_a_batch_with_one_wrong_row_changes_nothing(world: TestSchool, rows: list[Any], code: str) -> None:
    assessment = await world.put_test("::a::Is it so? {T}\n\n::b::And that? {F}")
    async with world.phone("Amina") as phone:
        attempt = await world.begin(phone, assessment)
        same = {"collection": "assessments.answers", "same": {"attempt_id": attempt}, "columns": ["item", "value"]}
        batch = phone._queue({"kind": "batch", "op": str(new_id()), **same, "rows": rows})
        await phone.sync()

        assert phone.outcome(batch) == code
    assert await world.school.value("select count(*) from assessments_answers") == 0


@pytest.mark.slow
async def test_a_batch_into_the_attempt_of_another_is_not_found(world: TestSchool) -> None:
    assessment = await world.put_test("::a::Is it so? {T}")
    async with world.phone("Amina") as amina, world.phone("Brian") as brian:
        attempt = await world.begin(amina, assessment)
        await amina.sync()
        same = {"collection": "assessments.answers", "same": {"attempt_id": attempt}, "columns": ["item", "value"]}
        batch = brian._queue({"kind": "batch", "op": str(new_id()), **same, "rows": [[0, True]]})
        await brian.sync()

        assert brian.outcome(batch) == "record.not_found"
