"""SET, TEXT and LIST as laws, and as the vectors that the page passes, too. SPEC.md M12-M14."""

import dataclasses
import itertools
import json
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sync.testing
from sync.clock import At
from sync.memory import MemoryStore, Tables
from sync.merge import (
    Append,
    ByField,
    Elements,
    Offer,
    SetEdit,
    TextEdit,
    merge_elements,
    merge_fields,
    merge_text,
    place_at,
    place_between,
)
from sync.merge.place import PLACE_LENGTH_MAX, check_place
from sync.merge.three_way import matches
from sync.refusals import FieldInvalid
from sync.registry import build_registry
from sync.testing.lab import Lab
from sync.testing.phone import Pen, id_of
from sync.testing.sample import NOTES, look_for_attempts, sample_registry
from sync.testing.sample_drafts import SHEETS, TEAM_KIND

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(sync.testing.__file__).parent / "vectors.json").read_text(encoding="utf-8")
)


def _named(kind: str) -> Any:
    return pytest.mark.parametrize("case", VECTORS[kind], ids=[case["name"] for case in VECTORS[kind]])


# --- SET --------------------------------------------------------------------------------------------------------


@_named("set")
def test_M12_set_vectors(case: dict[str, Any]):
    there, stamps = merge_elements(
        "x",
        Elements(),
        SetEdit(**case["edit"]),
        stored=case["stored"],
        stamps=case["stamps"],
        base=case["base"],
        at=(case["at"][0], case["at"][1]),
        device=case["device"],
        version=case["version"],
    )

    assert {"there": there, "stamps": stamps} == case["expect"]


Word = tuple[int, str, bool]  # (wall ms, element, is it put in)
WORDS = st.lists(st.tuples(st.integers(1, 3), st.sampled_from("ab"), st.booleans()), max_size=5)


class Shelf:
    """One SET on the server."""

    def __init__(self) -> None:
        self.there: list[str] = []
        self.stamps: dict[str, list[Any]] = {}

    def hear(self, word: Word, *, device: str = "d") -> None:
        wall_ms, element, is_in = word
        edit = SetEdit(add=[element]) if is_in else SetEdit(remove=[element])
        at: At = (wall_ms, 0)
        self.there, self.stamps = merge_elements(
            "x", Elements(), edit, stored=self.there, stamps=self.stamps, base=None, at=at, device=device, version=1
        )


@given(WORDS)
def test_M12_words_end_alike_in_every_order_and_twice_is_once(words: list[Word]):
    ends = set()
    for order in itertools.permutations(words):
        shelf = Shelf()
        for word in (*order, *order[:2]):
            shelf.hear(word)
        ends.add(tuple(shelf.there))

    latest = {element: max((at, not is_in) for at, each, is_in in words if each == element) for _, element, _ in words}
    assert ends == {tuple(sorted(element for element, (_, is_removed) in latest.items() if not is_removed))}


def test_M12_removals_are_remembered_up_to_a_limit_the_oldest_forgotten_first():
    shelf = Shelf()
    for number in range(1_005):
        shelf.hear((1_000 + number, f"element {number}", False))

    assert len(shelf.stamps) == 1_000
    assert "element 4" not in shelf.stamps
    shelf.hear((1, "element 1004", True))
    assert shelf.there == []


# --- TEXT -------------------------------------------------------------------------------------------------------


@_named("text")
def test_M13_text_vectors(case: dict[str, Any]):
    merged = merge_text(case["was"], case["one"], case["other"])

    assert {"text": merged.text, "is_overlapping": merged.is_overlapping} == case["expect"]


TEXTS = st.lists(st.sampled_from(["a", "b", "cd", " ", "  ", "\n", "<em>", "é", "⟦"]), max_size=14).map("".join)


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"[^\s<>⟦⟧]", text))


@given(TEXTS, TEXTS, TEXTS)
def test_M13_the_sides_may_be_swapped_and_what_only_one_changed_is_as_they_say(was: str, one: str, other: str):
    assert merge_text(was, one, other) == merge_text(was, other, one)
    assert merge_text(was, one, was).text == merge_text(was, was, one).text == one
    assert merge_text(was, one, one).text == one
    assert not merge_text(was, one, was).is_overlapping


@given(TEXTS, TEXTS, TEXTS)
def test_M13_no_character_that_either_side_typed_is_lost(was: str, one: str, other: str):
    """Goal: what a side put in is in the result as often as that side put it in. Method: count letters."""
    result = _words(merge_text(was, one, other).text)

    for side in (one, other):
        typed = _words(side) - _words(was)
        assert not typed - result, (typed, result)


@pytest.mark.parametrize("seed", range(5))
def test_M13_long_texts_lose_nothing_either(seed: int):
    """Gaps above the exact comparison, with words that stand often and words that stand once."""
    chance = random.Random(seed)
    was = [f"w{chance.randrange(400)}" for _ in range(900)]

    def edited(name: str) -> list[str]:
        words = list(was)
        for number in range(200):
            place = chance.randrange(len(words))
            words[place : place + chance.choice((0, 1, 3))] = [f"{name}{number}"] * chance.choice((0, 1, 2))
        return words

    one, other = edited("one"), edited("other")
    merged = merge_text(" ".join(was), " ".join(one), " ".join(other))
    result = Counter(re.findall(r"[^\s⟦⟧]+", merged.text))

    assert not (Counter(one) - Counter(was)) - result
    assert not (Counter(other) - Counter(was)) - result


def test_M13_a_long_run_of_blanks_inside_a_conflict_is_marked_in_a_moment():
    """At the longest that a text may be: with a pattern that looked for the ends it took minutes of the server's."""
    gap = " " * 99_000

    merged = merge_text("was", f" one{gap}one\n", f"two{gap}two ")

    assert merged.text == f" ⟦one{gap}one⟧\n⟦two{gap}two⟧ "


@given(st.lists(st.sampled_from("abcd"), max_size=20), st.lists(st.sampled_from("abcd"), max_size=20))
def test_M13_matches_are_equal_tokens_and_rise_on_both_sides(one: list[str], other: list[str]):
    found = matches(one, other)

    assert all(one[i] == other[j] for i, j in found)
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in itertools.pairwise(found))


# --- LIST -------------------------------------------------------------------------------------------------------


@_named("place")
def test_M14_place_vectors(case: dict[str, Any]):
    assert place_between(case["before"], case["behind"], UUID(case["id"])) == case["expect"]


@_named("place_at")
def test_M14_place_at_vectors(case: dict[str, Any]):
    assert place_at(case["index"], UUID(case["id"])) == case["expect"]


IDS = st.integers(0, 2**128 - 1).map(lambda number: UUID(int=number))


@given(st.lists(st.tuples(IDS, st.integers(0, 100)), min_size=2, max_size=30, unique_by=lambda each: each[0].hex[-8:]))
def test_M14_there_is_a_place_between_any_two_and_no_two_are_equal(rows: list[tuple[UUID, int]]):
    order: list[str] = []
    for row_id, wish in rows:
        at = wish % (len(order) + 1)
        place = place_between(order[at - 1] if at else None, order[at] if at < len(order) else None, row_id)
        check_place("place", place, row_id)
        order.insert(at, place)

    assert order == sorted(set(order))


@given(IDS, IDS, IDS, IDS)
def test_M14_two_who_do_not_see_each_other_put_rows_into_one_gap(left: UUID, right: UUID, one: UUID, other: UUID):
    if len({each.hex[-8:] for each in (left, right, one, other)}) < 4:
        return
    before, behind = place_at(3, left), place_at(4, right)
    first, second = sorted((place_between(before, behind, one), place_between(before, behind, other)))

    assert before < first < second < behind
    assert first < place_between(first, second, left) < second


def test_M14_places_stay_short_under_ten_thousand_random_moves():
    """Goal: at most 40 characters of the 200. Method: a list of 60, its rows moved about; and 10,000 at either end."""
    chance = random.Random(7)
    ids = [UUID(int=chance.getrandbits(128)) for _ in range(60)]
    order = [(place_at(index, row_id), row_id) for index, row_id in enumerate(ids)]
    longest = 0
    for _ in range(10_000):
        _, row_id = order.pop(chance.randrange(60))
        at = chance.randrange(60)
        before, behind = order[at - 1][0] if at else None, order[at][0] if at < 59 else None
        place = place_between(before, behind, row_id)
        order.insert(at, (place, row_id))
        longest = max(longest, len(place))
    first = last = None
    for _ in range(10_000):
        last = place_between(last, None, ids[0])
        first = place_between(None, first, ids[0])

    assert order == sorted(order)
    assert longest <= 40
    assert len(first or "") == len(last or "") == 12


def test_M14_one_gap_takes_hundreds_of_rows_and_then_says_so():
    before, behind = place_at(0, UUID(int=1)), place_at(1, UUID(int=2))
    for _ in range(942):
        behind = place_between(before, behind, UUID(int=3))

    assert len(behind) == PLACE_LENGTH_MAX
    with pytest.raises(FieldInvalid, match="this one gap"):
        place_between(before, behind, UUID(int=3))


@pytest.mark.parametrize(
    ("before", "behind"), [("a1abcdefgh", "a0abcdefgh"), ("a0abcdefgh", "a0abcdefgh"), ("a", None)]
)
def test_M14_what_is_no_gap_is_refused(before: str, behind: str | None):
    with pytest.raises(FieldInvalid):
        place_between(before, behind, UUID(int=1))


# --- declarations -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"right": None}, "declares a right"),
        ({"may_patch": frozenset({"title"})}, "each field that may be patched has a rule"),
        ({"merge": Append(), "may_patch": None}, "an edit can win only"),
        ({"reads": None, "look_ahead": look_for_attempts}, "says into which tables"),
    ],
)
def test_M18_a_declaration_that_its_policy_does_not_allow_is_refused_at_start(changes: dict[str, Any], message: str):
    broken = dataclasses.replace(SHEETS, **changes)

    with pytest.raises(ValueError, match=message):
        build_registry(schema=1, collections=[broken], bucket_kinds=[TEAM_KIND])


def test_M13_what_is_too_long_is_refused_before_it_is_compared():
    offer = Offer(base=None, at=(1, 0), device="d")
    stored = {"id": UUID(int=1), "version": 1, "title": "short"}
    assert isinstance(SHEETS.merge, ByField)

    with pytest.raises(FieldInvalid, match="longer than 60"):
        merge_fields(SHEETS.merge, stored=stored, state={}, offered={"title": TextEdit("x" * 61, "y")}, offer=offer)


# --- together ---------------------------------------------------------------------------------------------------


async def _end_of(order: tuple[str, ...]) -> tuple[object, ...]:
    """What stands after these devices' ops came in this order, each made from the same version of the sheet."""
    lab = Lab(MemoryStore(Tables(sample_registry())))
    sheet = id_of("sheet")
    was = "The cat sat."
    columns = {"body": was, "place": place_at(5, sheet), "tags": ["a"], "locale": "en"}
    await lab.write(SHEETS, {"id": sheet, "team": "red", **columns})
    for name in order:
        pen = Pen(name, user=name)
        await lab.write(NOTES, {"id": pen.user_id, "user_id": pen.user_id, "text": "red"})
        match name:
            case "deleter":
                pen.delete(SHEETS, sheet, base=1)
            case "mover":
                moved = {"place": place_at(1, sheet), "locale": "uz", "tags": {"add": ["b"], "remove": ["a"]}}
                pen.patch(SHEETS, sheet, moved, base=1, at=[5_000, 0])
            case "writer":
                written = {"body": {"was": was, "now": "The black cat sat."}, "locale": "ru", "tags": {"add": ["c"]}}
                pen.patch(SHEETS, sheet, written, base=1, at=[7_000, 0])
            case _:
                edited = {"body": {"was": was, "now": "The cat lay."}, "place": place_at(9, sheet)}
                pen.patch(SHEETS, sheet, edited, base=1, at=[6_000, 0])
        assert not [receipt for receipt in (await lab.push(pen)).receipts if receipt.outcome == "parked"]
    row = await lab.row(SHEETS, sheet) or {}
    return (row["deleted_at"], row["body"], row["place"], tuple(row["tags"]), row["locale"])


async def test_M16_four_devices_that_did_not_see_each_other_end_alike_in_all_24_orders():
    orders = itertools.permutations(("deleter", "mover", "writer", "editor"))

    ends = {await _end_of(order) for order in orders}

    assert ends == {(None, "The black cat lay.", place_at(9, id_of("sheet")), ("b", "c"), "ru")}
