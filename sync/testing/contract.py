"""What every store must bear: the push half of SPEC.md, run on the store that the fixture `lab` brings.

Subclass in a test module and give a fixture `lab`. Here: exactly once, order, devices, refusals. The rest is in
`contract_merge.py` and `contract_held.py`.
"""

from sync.ops import hash_of
from sync.testing.lab import DAY_MS, Lab, outcomes, turned_away
from sync.testing.phone import Pen, id_of
from sync.testing.sample import ATTEMPTS, NOTES, PROGRESS, SPENDINGS

ACCOUNT = id_of("account")
BUG_AMOUNT = 13
NO_CREDIT_AMOUNT = 7


class OrderContract:
    """SPEC U1-U9: numbers, receipts, identities."""

    async def test_U1_ops_are_applied_in_order_and_their_effects_stand(self, lab: Lab) -> None:
        pen = Pen()
        pen.create(NOTES, id_of("note"), {"text": "hello"})
        pen.command("sample.spend", account_id=ACCOUNT, amount=5)

        answer = await lab.push(pen)

        assert outcomes(answer) == ["applied", "applied"]
        assert answer.watermark == (2, hash_of(pen.ops[1]))
        assert (await lab.row(NOTES, id_of("note")) or {})["text"] == "hello"
        assert (await lab.row(SPENDINGS, ACCOUNT) or {})["amount"] == 5

    async def test_U2_an_op_sent_again_gets_its_stored_receipt_and_does_nothing(self, lab: Lab) -> None:
        pen = Pen()
        pen.command("sample.spend", account_id=ACCOUNT, amount=5)
        first = await lab.push(pen)

        again = await lab.push(pen)

        assert again.receipts == first.receipts
        assert (await lab.row(SPENDINGS, ACCOUNT) or {})["amount"] == 5

    async def test_U2_a_resend_from_the_middle_goes_on_behind_what_is_known(self, lab: Lab) -> None:
        pen = Pen()
        for amount in (1, 2, 3):
            pen.command("sample.spend", account_id=ACCOUNT, amount=amount)
        await lab.push(pen, pen.ops[:2])

        answer = await lab.push(pen, pen.ops[1:])

        assert [receipt.n for receipt in answer.receipts] == [2, 3]
        assert (await lab.row(SPENDINGS, ACCOUNT) or {})["amount"] == 6

    async def test_U3_behind_a_gap_nothing_is_used(self, lab: Lab) -> None:
        pen = Pen()
        for amount in (1, 2, 3):
            pen.command("sample.spend", account_id=ACCOUNT, amount=amount)

        answer = await lab.push(pen, [pen.ops[0], pen.ops[2]])

        assert answer.expected == 2
        assert answer.watermark[0] == 1

    async def test_U4_another_op_under_a_used_number_is_a_fork(self, lab: Lab) -> None:
        pen, clone = Pen(), Pen()
        pen.command("sample.spend", account_id=ACCOUNT, amount=1)
        clone.command("sample.spend", account_id=ACCOUNT, amount=2)
        await lab.push(pen)

        answer = await lab.push(clone)

        assert answer.error == "device_forked"
        assert (await lab.row(SPENDINGS, ACCOUNT) or {})["amount"] == 1

    async def test_U4_a_confirmed_number_with_another_hash_is_a_fork(self, lab: Lab) -> None:
        pen = Pen()
        pen.command("sample.spend", account_id=ACCOUNT, amount=1)
        pen.command("sample.spend", account_id=ACCOUNT, amount=2)
        await lab.push(pen)

        for number in (1, 2):
            assert (await lab.push(pen, [], confirmed=(number, "0123456789abcdef"))).error == "device_forked"
            assert (await lab.push(pen, [], confirmed=(number, hash_of(pen.ops[number - 1])))).error is None

    async def test_U4_a_used_number_without_a_receipt_any_more_is_a_fork(self, lab: Lab) -> None:
        pen = Pen()
        pen.command("sample.spend", account_id=ACCOUNT, amount=1)
        await lab.push(pen)
        await lab.push(pen, [], confirmed=pen.confirmed)
        await lab.store.expire(now_ms=lab.now_ms)
        await lab.store.expire(now_ms=lab.now_ms + 91 * DAY_MS)

        assert (await lab.push(pen)).error == "device_forked"

    async def test_U2_receipts_that_are_not_confirmed_never_expire(self, lab: Lab) -> None:
        pen = Pen()
        pen.command("sample.spend", account_id=ACCOUNT, amount=1)
        first = await lab.push(pen)
        for days in (1, 100, 200):
            await lab.store.expire(now_ms=lab.now_ms + days * DAY_MS)

        assert (await lab.push(pen)).receipts == first.receipts

    async def test_U5_a_renumbered_op_is_known_by_its_identity(self, lab: Lab) -> None:
        pen, forked = Pen(), Pen("phone after a fork")
        pen.command("sample.spend", account_id=ACCOUNT, amount=5, more={"op": id_of("wish")})
        pen.create(NOTES, id_of("note"), {"text": "hello"})
        await lab.push(pen)
        forked.command("sample.spend", account_id=ACCOUNT, amount=5, more={"op": id_of("wish"), "again": True})
        forked.create(NOTES, id_of("note"), {"text": "hello"}, again=True)

        answer = await lab.push(forked)

        assert outcomes(answer) == ["duplicate", "duplicate"]
        assert (await lab.row(SPENDINGS, ACCOUNT) or {})["amount"] == 5

    async def test_U5_identities_are_each_users_own(self, lab: Lab) -> None:
        amina, brian = Pen("a", user="amina"), Pen("b", user="brian")
        amina.command("sample.spend", account_id=ACCOUNT, amount=5, more={"op": id_of("wish")})
        brian.command("sample.spend", account_id=ACCOUNT, amount=5, more={"op": id_of("wish")})
        await lab.push(amina)

        assert outcomes(await lab.push(brian)) == ["applied"]

    async def test_U5_a_commands_new_record_is_its_identity(self, lab: Lab) -> None:
        pen, forked = Pen(), Pen("after a fork")
        for each in (pen, forked):
            each.command("sample.note.jot", id=id_of("note"), user_id=pen.user_id, text="hi")
        await lab.push(pen)

        assert outcomes(await lab.push(forked)) == ["duplicate"]

    async def test_U6_an_unknown_op_that_is_renumbered_after_400_days_is_parked(self, lab: Lab) -> None:
        pen = Pen()
        pen.command(
            "sample.spend", account_id=ACCOUNT, amount=5, more={"again": True, "at": [lab.now_ms - 401 * DAY_MS, 0]}
        )
        pen.command(
            "sample.spend", account_id=ACCOUNT, amount=5, more={"again": True, "at": [lab.now_ms - 399 * DAY_MS, 0]}
        )

        assert outcomes(await lab.push(pen)) == ["parked op.stale", "applied"]

    async def test_U6_an_op_of_a_clock_that_is_ahead_is_known_for_as_long_as_it_is_young(self, lab: Lab) -> None:
        pen, forked = Pen(), Pen("phone after a fork")
        ahead = {"op": id_of("wish"), "at": [lab.now_ms + 100 * DAY_MS, 0]}
        pen.command("sample.spend", account_id=ACCOUNT, amount=5, more=dict(ahead))
        forked.command("sample.spend", account_id=ACCOUNT, amount=5, more={**ahead, "again": True})
        await lab.push(pen)

        lab.now_ms += 450 * DAY_MS
        await lab.store.expire(now_ms=lab.now_ms)

        assert outcomes(await lab.push(forked)) == ["duplicate"]
        assert (await lab.row(SPENDINGS, ACCOUNT) or {})["amount"] == 5

    async def test_U7_a_number_can_be_used_for_nothing(self, lab: Lab) -> None:
        pen = Pen()
        pen.void()

        assert outcomes(await lab.push(pen)) == ["applied"]


class DeviceContract:
    """SPEC D: whose device it is."""

    async def test_D1_a_device_id_belongs_to_the_user_who_came_first(self, lab: Lab) -> None:
        amina, brian = Pen("shared", user="amina"), Pen("shared", user="brian")
        await lab.push(amina)

        refused = await turned_away(lab.push(brian))
        assert (refused.status, refused.code) == (409, "device.not_yours")

    async def test_D2_a_revoked_device_is_turned_away_with_its_own_code(self, lab: Lab) -> None:
        pen = Pen()
        await lab.push(pen)
        await lab.store.revoke_device(pen.device_id)

        refused = await turned_away(lab.push(pen))
        assert (refused.status, refused.code) == (401, "device.revoked")

    async def test_D3_the_51st_device_is_taken_and_the_least_recently_seen_one_sleeps_with_its_watermark(
        self, lab: Lab
    ) -> None:
        pens = [Pen(f"phone {number}") for number in range(51)]
        pens[0].void()
        for pen in pens:
            lab.now_ms += 1000
            await lab.push(pen)
        async with lab.store.unit(pens[0].user_id, now_ms=lab.now_ms) as unit:
            sleeping = await unit.lock_device(pens[0].device_id)
            awake = await unit.lock_device(pens[1].device_id)
        assert sleeping is not None and sleeping.retired_ms is not None and sleeping.watermark == 1
        assert awake is not None and awake.retired_ms is None

        pens[0].void()
        answer = await lab.push(pens[0])

        assert answer.watermark[0] == 2  # Revived, as if it had never slept.


class RefusalContract:
    """SPEC U10-U14: refusal, outage, bug."""

    async def test_U10_a_refused_op_is_parked_with_its_reason_and_holds_up_nobody(self, lab: Lab) -> None:
        pen = Pen()
        pen.create(NOTES, id_of("one"), {"text": "one"})
        pen.command("sample.spend", account_id=ACCOUNT, amount=NO_CREDIT_AMOUNT, more={"op": id_of("refused")})
        pen.create(NOTES, id_of("two"), {"text": "two"})

        answer = await lab.push(pen)

        assert outcomes(answer) == ["applied", "parked credit.empty", "applied"]
        assert await lab.row(NOTES, id_of("two")) is not None
        held = await lab.held(pen, id_of("refused"))
        assert (held["outcome"], held["code"], held["op"]) == ("parked", "credit.empty", pen.ops[1].decode())

    async def test_U10_what_a_mutator_wrote_before_it_refused_is_undone(self, lab: Lab) -> None:
        pen = Pen()
        pen.command("sample.spend", account_id=ACCOUNT, amount=5)
        pen.command("sample.spend", account_id=ACCOUNT, amount=NO_CREDIT_AMOUNT)
        pen.command("sample.spend", account_id=ACCOUNT, amount=5)

        await lab.push(pen)

        assert (await lab.row(SPENDINGS, ACCOUNT) or {})["amount"] == 10

    async def test_U11_a_field_that_is_not_a_phones_is_refused_by_name(self, lab: Lab) -> None:
        pen = Pen()
        pen.create(NOTES, id_of("note"), {"text": "hello", "user_id": str(pen.user_id)})
        pen.create(NOTES, id_of("note 2"), {"text": "hello", "nonsense": 1})
        pen.create(NOTES, id_of("note 3"), {"text": ""})

        answer = await lab.push(pen)

        assert outcomes(answer) == ["parked field.not_writable", "parked field.not_writable", "parked field.invalid"]
        assert [list(receipt.fields) for receipt in answer.receipts] == [["user_id"], ["nonsense"], ["text"]]

    async def test_U12_an_op_that_cannot_be_read_is_parked_and_the_rest_applied(self, lab: Lab) -> None:
        pen = Pen()
        pen.raw(
            b'{"n":1,"kind":"create","collection":"sample.notes","id":"%s","fields":{"text":"\\ud800"}}'
            % _text(id_of("x"))
        )
        pen.raw(
            b'{"n":2,"kind":"command","command":"sample.spend","op":"%s","args":{"text":"\\u0000"}}' % _text(id_of("y"))
        )
        pen.raw(b'{"n":3,"kind":"dance"}')
        pen.raw(b'{"n":4,"kind":"void","x":"\xff"}')
        pen.raw(b'{"n":5,"kind":"void","x":' + b"[" * 50 + b"]" * 50 + b"}")
        pen.create(NOTES, id_of("note"), {"text": "hello"})

        answer = await lab.push(pen)

        assert outcomes(answer) == ["parked op.malformed"] * 5 + ["applied"]
        assert (await lab.held(pen, id_of("x")))["op"] == pen.ops[0].decode()

    async def test_U12_a_broken_edit_of_a_record_is_kept_though_the_record_is_known(self, lab: Lab) -> None:
        """Its `id` names the record; taken for its identity, the edit would count as that record's creation again."""
        pen = Pen()
        pen.create(NOTES, id_of("note"), {"text": "hello"})
        edit = b'"kind":"patch","op":"%s","collection":"sample.notes","id":"%s","base":1,"fields":{"text":"\\u0000"}}'
        pen.raw(b'{"n":2,' + edit % (_text(id_of("one")), _text(id_of("note"))))
        pen.raw(b'{"n":3,' + edit % (_text(id_of("two")), _text(id_of("note"))))
        pen.raw(b'{"n":4,"kind":"patch","id":"%s","fields":{"text":"\\u0000"}}' % _text(id_of("note")))

        answer = await lab.push(pen)

        assert outcomes(answer) == ["applied", *["parked op.malformed"] * 3]
        assert (await lab.held(pen, id_of("two")))["op"] == pen.ops[2].decode()

    async def test_U12_an_op_without_a_number_turns_the_request_away_and_says_which(self, lab: Lab) -> None:
        pen = Pen()
        pen.void()
        pen.raw(b'{"kind":"void"}')

        refused = await turned_away(lab.push(pen))
        assert (refused.status, refused.details) == (422, {"op_index": 1})

    async def test_U13_a_bug_uses_nothing_and_what_was_before_it_stands(self, lab: Lab) -> None:
        pen = Pen()
        pen.command("sample.spend", account_id=ACCOUNT, amount=5)
        pen.command("sample.spend", account_id=ACCOUNT, amount=BUG_AMOUNT)
        pen.command("sample.spend", account_id=ACCOUNT, amount=5)

        answer = await lab.push(pen)

        assert answer.watermark[0] == 1
        assert [notice.code for notice in answer.notices] == ["op.failed"]
        assert (await lab.row(SPENDINGS, ACCOUNT) or {})["amount"] == 5

    async def test_U13_the_fifth_bug_after_two_minutes_is_parked_and_the_rest_goes_on(self, lab: Lab) -> None:
        pen = Pen()
        pen.command("sample.spend", account_id=ACCOUNT, amount=BUG_AMOUNT)
        pen.command("sample.spend", account_id=ACCOUNT, amount=5)
        for _ in range(6):
            assert (await lab.push(pen)).receipts == []  # Often, but within two minutes.
            lab.now_ms += 10_000

        lab.now_ms += 120_000
        answer = await lab.push(pen)

        assert outcomes(answer) == ["parked internal", "applied"]
        assert (await lab.row(SPENDINGS, ACCOUNT) or {})["amount"] == 5

    async def test_U14_a_new_row_is_its_writers_and_another_users_cannot_be_met(self, lab: Lab) -> None:
        amina, chipo = Pen("a", user="amina"), Pen("c", user="chipo")
        for pen in (amina, chipo):
            pen.create(ATTEMPTS, id_of("attempt"), {"title": "mine"})

        assert outcomes(await lab.push(amina)) == ["applied"]
        assert outcomes(await lab.push(chipo)) == ["parked record.not_yours"]
        assert (await lab.row(ATTEMPTS, id_of("attempt")) or {})["user_id"] == amina.user_id

    async def test_U15_a_derived_id_must_follow_from_its_key(self, lab: Lab) -> None:
        pen = Pen()
        pen.create(PROGRESS, id_of("guessed"), {"lesson_id": str(id_of("lesson")), "seen_ppm": 1})

        assert outcomes(await lab.push(pen)) == ["parked id.not_derived"]


def _text(id_: object) -> bytes:
    return str(id_).encode()
