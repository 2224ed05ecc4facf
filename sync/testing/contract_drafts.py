"""What every store must bear, continued: SET, TEXT, LIST, CAS, deletion, on drafts that a team shares. SPEC M12-M18."""

from typing import Any
from uuid import UUID

import pytest

from sync.merge import place_at, place_between
from sync.receipts import OPS, held_id
from sync.testing.lab import Lab, outcomes
from sync.testing.phone import Pen, id_of
from sync.testing.sample import NOTES, PROFILES
from sync.testing.sample_drafts import REMARKS, SHEETS

SHEET = id_of("sheet")
OTHER = id_of("other sheet")
TEAM = "red"


class Team:
    """Amina and Brian are of the team; each has a phone, and Brian a second one."""

    @pytest.fixture
    async def amina(self, lab: Lab) -> Pen:
        return await self._member(lab, "amina")

    @pytest.fixture
    async def brian(self, lab: Lab) -> Pen:
        return await self._member(lab, "brian")

    async def _member(self, lab: Lab, name: str) -> Pen:
        pen = Pen(f"{name}'s", user=name)
        await lab.write(NOTES, {"id": pen.user_id, "user_id": pen.user_id, "text": TEAM})
        return pen

    async def sheet(self, lab: Lab, id_: UUID = SHEET, **columns: Any) -> int:
        """A sheet as an import makes it; answers its version."""
        await lab.write(SHEETS, {"id": id_, "team": TEAM, **columns})
        return int((await self.shown(lab, id_))["version"])

    async def shown(self, lab: Lab, id_: UUID = SHEET) -> dict[str, Any]:
        return await lab.row(SHEETS, id_) or {}


class SetContract(Team):
    """SPEC M12."""

    async def test_M12_elements_come_and_go_one_by_one(self, lab: Lab, amina: Pen, brian: Pen) -> None:
        base = await self.sheet(lab, tags=["a", "b"])
        amina.patch(SHEETS, SHEET, {"tags": {"add": ["c"], "remove": ["a"]}}, base=base)
        brian.patch(SHEETS, SHEET, {"tags": {"add": ["d"]}}, base=base)

        assert outcomes(await lab.push(amina)) == outcomes(await lab.push(brian)) == ["applied"]
        assert (await self.shown(lab))["tags"] == ["b", "c", "d"]

    @pytest.mark.parametrize("first", ["adds", "removes"])
    async def test_M12_of_two_words_the_later_stands_and_of_two_alike_the_removal(
        self, lab: Lab, amina: Pen, brian: Pen, first: str
    ) -> None:
        await self.sheet(lab, tags=["tie", "kept", "gone"])
        for pen, word, ats in ((amina, "add", (5_000, 7_000, 7_001)), (brian, "remove", (5_000, 6_000, 9_000))):
            for element, at_ms in zip(("tie", "kept", "gone"), ats, strict=True):
                pen.patch(SHEETS, SHEET, {"tags": {word: [element]}}, base=0, at=[at_ms, 0])
        for pen in (amina, brian) if first == "adds" else (brian, amina):
            await lab.push(pen)

        assert (await self.shown(lab))["tags"] == ["kept"]

    async def test_M12_a_set_has_limits_and_what_does_not_fit_is_parked(self, lab: Lab, amina: Pen) -> None:
        await self.sheet(lab, tags=["a", "b", "c", "d"])
        amina.patch(SHEETS, SHEET, {"tags": {"add": ["e"]}})
        amina.patch(SHEETS, SHEET, {"tags": {"add": ["x" * 21], "remove": ["a"]}})
        amina.patch(SHEETS, SHEET, {"tags": ["e"]})
        amina.patch(SHEETS, SHEET, {"tags": {"add": ["e"], "remove": ["a"]}})

        answer = await lab.push(amina)

        assert outcomes(answer) == ["parked field.invalid"] * 3 + ["applied"]
        assert answer.receipts[0].fields == {"tags": "full"}
        assert (await self.shown(lab))["tags"] == ["b", "c", "d", "e"]


class TextContract(Team):
    """SPEC M13."""

    async def test_M13_two_change_one_text_and_both_changes_stand(self, lab: Lab, amina: Pen, brian: Pen) -> None:
        was = "Heat flows.\nIt never rests.\n"
        base = await self.sheet(lab, body=was)
        amina.patch(SHEETS, SHEET, {"body": {"was": was, "now": was.replace("Heat", "Warmth")}}, base=base)
        brian.patch(SHEETS, SHEET, {"body": {"was": was, "now": was.replace("flows", "wanders")}}, base=base)

        assert outcomes(await lab.push(amina)) == ["applied"]
        assert outcomes(await lab.push(brian)) == ["merged"]
        assert (await self.shown(lab))["body"] == "Warmth wanders.\nIt never rests.\n"

    async def test_M13_where_both_change_the_same_words_both_stay_marked_in_either_order(self, lab: Lab) -> None:
        texts = []
        for order in ("amina brian", "brian amina"):
            sheet = id_of(order)
            await self.sheet(lab, sheet, body="It is cold.")
            for name in order.split():
                pen = await self._member(lab, name)
                pen.device_id = id_of(f"{name} {order}")
                word = {"amina": "warm", "brian": "hot"}[name]
                pen.patch(SHEETS, sheet, {"body": {"was": "It is cold.", "now": f"It is {word}."}})
                await lab.push(pen)
            texts.append((await self.shown(lab, sheet))["body"])

        assert texts == ["It is ⟦hot.⟧⟦warm.⟧"] * 2

    async def test_M13_what_is_published_is_never_marked_the_second_becomes_a_conflict_copy(
        self, lab: Lab, amina: Pen, brian: Pen
    ) -> None:
        await self.sheet(lab, body="It is cold.", shown_at=lab.deleted_now())
        amina.patch(SHEETS, SHEET, {"body": {"was": "It is cold.", "now": "It is warm."}})
        brian.patch(SHEETS, SHEET, {"body": {"was": "It is cold.", "now": "It is hot."}})
        await lab.push(amina)

        [receipt] = (await lab.push(brian)).receipts

        assert (receipt.outcome, receipt.code) == ("conflict", "record.changed")
        assert (await self.shown(lab))["body"] == "It is warm."

    async def test_M13_a_text_comes_as_was_and_now_and_has_a_limit_after_the_merge(self, lab: Lab, amina: Pen) -> None:
        await self.sheet(lab, title="a " * 20)
        amina.patch(SHEETS, SHEET, {"title": "bare"})
        amina.patch(SHEETS, SHEET, {"title": {"was": "a"}})
        amina.patch(SHEETS, SHEET, {"title": {"was": "", "now": "b" * 99}})
        amina.patch(SHEETS, SHEET, {"title": {"was": "a " * 20, "now": None}})

        assert outcomes(await lab.push(amina)) == ["parked field.invalid"] * 3 + ["applied"]
        assert (await self.shown(lab))["title"] is None

    async def test_M13_a_persons_own_changes_follow_each_other_without_a_mark(self, lab: Lab, amina: Pen) -> None:
        base = await self.sheet(lab, body="one")
        for was, now in (("one", "one two"), ("one two", "two"), ("two", "two three")):
            amina.patch(SHEETS, SHEET, {"body": {"was": was, "now": now}}, base=base)

        assert outcomes(await lab.push(amina)) == ["applied"] * 3
        assert (await self.shown(lab))["body"] == "two three"


class ListContract(Team):
    """SPEC M14."""

    async def test_M14_two_phones_put_two_rows_into_one_gap_and_no_two_places_are_equal(
        self, lab: Lab, amina: Pen, brian: Pen
    ) -> None:
        names = ["a", "b", "c", "d"]
        ids = {name: id_of(f"sheet {name}") for name in names}
        places = {name: place_at(index, ids[name]) for index, name in enumerate(names)}
        for name in names:
            await self.sheet(lab, ids[name], place=places[name])
        for pen, name in ((amina, "c"), (brian, "d")):
            pen.patch(SHEETS, ids[name], {"place": place_between(places["a"], places["b"], ids[name])})

        assert outcomes(await lab.push(amina)) == outcomes(await lab.push(brian)) == ["applied"]
        now = {name: (await self.shown(lab, ids[name]))["place"] for name in names}
        order = sorted(names, key=lambda name: str(now[name]))
        assert order in (["a", "c", "d", "b"], ["a", "d", "c", "b"])
        assert len(set(now.values())) == 4
        assert place_between(now[order[1]], now[order[2]], SHEET)

    async def test_M14_one_row_moved_by_two_stands_where_the_later_put_it(
        self, lab: Lab, amina: Pen, brian: Pen
    ) -> None:
        base = await self.sheet(lab, place=place_at(5, SHEET))
        amina.patch(SHEETS, SHEET, {"place": place_at(9, SHEET)}, base=base, at=[9_000, 0])
        brian.patch(SHEETS, SHEET, {"place": place_at(1, SHEET)}, base=base, at=[5_000, 0])
        await lab.push(amina)

        assert outcomes(await lab.push(brian)) == ["merged"]
        assert (await self.shown(lab))["place"] == place_at(9, SHEET)

    async def test_M14_what_is_no_place_of_this_very_row_is_refused_by_name(self, lab: Lab, amina: Pen) -> None:
        await self.sheet(lab, place=place_at(0, SHEET))
        for place in ("", "a0", 7, place_at(1, OTHER), "a0" + "0" * 300 + place_at(0, SHEET)[2:], None):
            amina.patch(SHEETS, SHEET, {"place": place})
        amina.create(SHEETS, OTHER, {"team": TEAM, "place": place_at(0, SHEET)})

        answer = await lab.push(amina)

        assert outcomes(answer) == ["parked field.invalid"] * 7
        assert [list(receipt.fields) for receipt in answer.receipts] == [["place"]] * 7


class CasContract(Team):
    """SPEC M15."""

    async def test_M15_who_did_not_see_the_newest_keeps_a_copy_that_they_find(
        self, lab: Lab, amina: Pen, brian: Pen
    ) -> None:
        base = await self.sheet(lab, status="draft", price=1)
        amina.patch(SHEETS, SHEET, {"status": "shown"}, base=base)
        brian.patch(SHEETS, SHEET, {"price": 5}, base=base)
        brian.patch(SHEETS, SHEET, {"locale": "uz"}, base=base)
        await lab.push(amina)

        copy, other = (await lab.push(brian)).receipts

        kept = await lab.row(OPS, copy.copy or SHEET) or {}
        assert (copy.outcome, copy.code, copy.fields) == ("conflict", "record.changed", {"status": "changed meanwhile"})
        assert (kept["outcome"], kept["user_id"], '"price":5' in kept["op"]) == ("parked", brian.user_id, True)
        assert other.outcome == "applied"
        row = await self.shown(lab)
        assert (row["status"], row["price"], row["locale"]) == ("shown", 1, "uz")

    async def test_M15_the_copy_is_sent_anew_with_the_newest_base_or_given_up(
        self, lab: Lab, amina: Pen, brian: Pen
    ) -> None:
        base = await self.sheet(lab, price=1)
        amina.patch(SHEETS, SHEET, {"price": 3}, base=base)
        seen = (await lab.push(amina)).receipts[0].version
        lost = [id_of("first try"), id_of("second try")]
        for identity in lost:
            brian.patch(SHEETS, SHEET, {"price": 5}, base=base, op=identity)
        brian.patch(SHEETS, SHEET, {"price": 6}, base=seen, replaces=lost[0])
        brian.command("sync.op.withdraw", id=held_id(brian.user_id, lost[1]))

        assert outcomes(await lab.push(brian)) == ["conflict record.changed"] * 2 + ["applied"] * 2
        assert (await self.shown(lab))["price"] == 6
        assert [(await lab.held(brian, identity))["outcome"] for identity in lost] == ["replaced", "withdrawn"]

    async def test_M15_a_device_saw_what_it_wrote_itself_and_what_stands_already_is_no_conflict(
        self, lab: Lab, amina: Pen, brian: Pen
    ) -> None:
        base = await self.sheet(lab, price=1)
        for price in (2, 3):
            amina.patch(SHEETS, SHEET, {"price": price}, base=base)
        brian.patch(SHEETS, SHEET, {"price": 3}, base=base)

        assert outcomes(await lab.push(amina)) == ["applied"] * 2
        assert outcomes(await lab.push(brian)) == ["applied"]

    async def test_M15_a_writer_past_the_engine_counts_as_another(self, lab: Lab, amina: Pen) -> None:
        base = await self.sheet(lab, price=1)
        await lab.write(SHEETS, {"id": SHEET, "price": 2})
        amina.patch(SHEETS, SHEET, {"price": 3}, base=base)

        assert outcomes(await lab.push(amina)) == ["conflict record.changed"]


class DeletionContract(Team):
    """SPEC M16-M18."""

    async def test_M16_a_deleted_row_goes_and_a_second_deletion_is_a_duplicate(
        self, lab: Lab, amina: Pen, brian: Pen
    ) -> None:
        base = await self.sheet(lab, locale="en")
        amina.delete(SHEETS, SHEET, base=base)
        brian.delete(SHEETS, SHEET, base=base)

        assert outcomes(await lab.push(amina)) == ["applied"]
        assert outcomes(await lab.push(brian)) == ["duplicate"]
        assert (await self.shown(lab))["deleted_at"] is not None

    @pytest.mark.parametrize("first", ["deletion", "edit"])
    async def test_M16_where_edits_win_the_row_stays_with_the_edit_in_either_order(
        self, lab: Lab, amina: Pen, brian: Pen, first: str
    ) -> None:
        base = await self.sheet(lab, locale="en", body="old")
        amina.delete(SHEETS, SHEET, base=base)
        brian.patch(SHEETS, SHEET, {"locale": "uz", "body": {"was": "old", "now": "new"}}, base=base)
        answers = [await lab.push(pen) for pen in ((amina, brian) if first == "deletion" else (brian, amina))]

        row = await self.shown(lab)
        assert (row["deleted_at"], row["locale"], row["body"]) == (None, "uz", "new")
        assert outcomes(answers[1]) == ["merged"]

    async def test_M16_who_saw_the_edit_deletes_and_who_saw_the_deletion_does_not_bring_back(
        self, lab: Lab, amina: Pen, brian: Pen
    ) -> None:
        base = await self.sheet(lab, locale="en")
        brian.patch(SHEETS, SHEET, {"locale": "uz"}, base=base)
        seen = (await lab.push(brian)).receipts[0].version
        amina.delete(SHEETS, SHEET, base=seen)
        deleted = (await lab.push(amina)).receipts[0].version
        brian.patch(SHEETS, SHEET, {"locale": "ru"}, base=deleted)

        assert outcomes(await lab.push(brian))[-1] == "parked record.deleted"
        assert (await self.shown(lab))["deleted_at"] is not None

    async def test_M16_a_devices_own_edits_do_not_save_a_row_from_its_own_deletion(self, lab: Lab, amina: Pen) -> None:
        base = await self.sheet(lab, locale="en", tags=["a"])
        amina.patch(SHEETS, SHEET, {"locale": "uz", "tags": {"add": ["b"]}}, base=base)
        amina.delete(SHEETS, SHEET, base=base)

        assert outcomes(await lab.push(amina)) == ["applied"] * 2
        assert (await self.shown(lab))["deleted_at"] is not None

    async def test_M16_what_the_server_deleted_no_edit_brings_back(self, lab: Lab, amina: Pen) -> None:
        base = await self.sheet(lab, locale="en")
        await lab.write(SHEETS, {"id": SHEET, "deleted_at": lab.deleted_now()})
        amina.patch(SHEETS, SHEET, {"locale": "uz"}, base=base)

        assert outcomes(await lab.push(amina)) == ["parked record.deleted"]

    async def test_M16_where_deletion_wins_the_row_goes_and_what_may_not_be_deleted_is_named(
        self, lab: Lab, amina: Pen
    ) -> None:
        await self.sheet(lab)
        amina.create(REMARKS, OTHER, {"team": TEAM, "sheet_id": str(SHEET), "text": "well"})
        amina.delete(REMARKS, OTHER)
        amina.delete(PROFILES, OTHER)
        amina.delete(SHEETS, id_of("never made"))

        assert outcomes(await lab.push(amina)) == [
            "applied",
            "applied",
            "parked collection.not_writable",
            "parked record.absent",
        ]

    @pytest.mark.parametrize("first", ["parent", "child"])
    async def test_M17_a_child_made_while_its_parent_was_deleted_is_kept_in_either_order(
        self, lab: Lab, amina: Pen, brian: Pen, first: str
    ) -> None:
        base = await self.sheet(lab)
        amina.delete(SHEETS, SHEET, base=base)
        brian.create(REMARKS, SHEET, {"team": TEAM, "sheet_id": str(SHEET), "text": "do not lose me"})
        if first == "parent":
            await lab.push(amina)
            assert outcomes(await lab.push(brian)) == ["parked sheet.gone"]
            assert "do not lose me" in (await lab.held(brian, SHEET))["op"]
        else:
            await lab.push(brian)
            assert outcomes(await lab.push(amina)) == ["parked sheet.not_empty"]
            assert (await self.shown(lab))["deleted_at"] is None
            assert (await lab.row(REMARKS, SHEET) or {})["text"] == "do not lose me"

    async def test_M18_rows_that_are_not_one_users_are_written_by_the_rights_of_now(self, lab: Lab, amina: Pen) -> None:
        base = await self.sheet(lab, locale="en")
        stranger = Pen("stranger's", user="stranger")
        stranger.patch(SHEETS, SHEET, {"locale": "uz"}, base=base)
        stranger.delete(SHEETS, SHEET, base=base)
        stranger.create(SHEETS, OTHER, {"team": TEAM})
        amina.patch(SHEETS, SHEET, {"locale": "uz"}, base=base)
        amina.patch(SHEETS, SHEET, {"locale": "ru"}, base=base)

        assert outcomes(await lab.push(stranger)) == ["parked team.not_member"] * 3
        assert outcomes(await lab.push(amina, amina.ops[:1])) == ["applied"]
        await lab.write(NOTES, {"id": amina.user_id, "user_id": amina.user_id, "text": "left the team"})
        assert outcomes(await lab.push(amina))[-1] == "parked team.not_member"
        assert (await self.shown(lab))["locale"] == "uz"
