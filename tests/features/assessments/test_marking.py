"""Marks: exact, the same on every run, never below nothing and never above everything."""

from decimal import Decimal
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.assessments.grading import (
    Marked,
    Result,
    grade_item,
    grade_paper,
    read_number,
    right_value,
)
from server.assessments.keys import (
    FULL_PPM,
    AcceptedText,
    ChoiceKey,
    Key,
    MatchKey,
    MultiKey,
    NumberRange,
    NumericKey,
    OrderKey,
    ShortKey,
    TrueFalseKey,
    decode_key,
    encode_key,
)
from server.assessments.values import BadValue, Option, Value, check_value

ITEM = UUID("01980000-0000-7000-8000-000000000001")
OTHER = UUID("01980000-0000-7000-8000-000000000002")


def numeric(low: str, high: str) -> NumericKey:
    return NumericKey((NumberRange(Decimal(low), Decimal(high)),))


def short(*texts: str) -> ShortKey:
    return ShortKey(tuple(AcceptedText(text) for text in texts))


KEYS: dict[str, Key] = {
    "mcq": ChoiceKey({"a": FULL_PPM, "b": 0, "c": 500_000, "d": -250_000}),
    "multi": MultiKey({"a": 333_333, "b": 333_333, "c": 333_333, "d": 0}),
    "true_false": TrueFalseKey(is_true=False),
    "numeric": numeric("1.5", "1.5"),
    "short": short("Newton"),
    "match": MatchKey({"a": "x", "b": "y", "c": "z"}),
    "order": OrderKey(("a", "b", "c")),
}


@pytest.mark.parametrize(
    ("kind", "value", "share_ppm"),
    [
        ("mcq", "a", FULL_PPM),
        ("mcq", "c", 500_000),
        ("mcq", "d", 0),
        ("mcq", "elsewhere", 0),
        ("multi", ["c", "a", "b"], FULL_PPM),
        ("multi", ["a"], 333_333),
        ("multi", ["a", "b", "d"], 333_333),
        ("multi", ["a", "d"], 0),
        ("multi", ["d"], 0),
        ("multi", ["a", "b", "c", "d"], 666_666),
        ("true_false", False, FULL_PPM),
        ("true_false", True, 0),
        ("match", {"a": "x", "b": "y", "c": "z"}, FULL_PPM),
        ("match", {"a": "x", "b": "z"}, 333_333),
        ("order", ["a", "c", "b"], 333_333),
        ("order", ["a", "b", "c"], FULL_PPM),
    ],
)
def test_each_kind_earns_its_share(kind: str, value: Value, share_ppm: int) -> None:
    assert grade_item(KEYS[kind], value) == share_ppm


@pytest.mark.parametrize("kind", KEYS)
def test_a_blank_earns_nothing(kind: str) -> None:
    assert grade_item(KEYS[kind], None) == 0


def test_a_penalty_of_the_author_counts_instead_of_ours() -> None:
    key = MultiKey({"a": 500_000, "b": 500_000, "c": -1_000_000})

    assert grade_item(key, ["a", "b", "c"]) == 0


def test_ticking_everything_is_never_full_marks() -> None:
    assert grade_item(MultiKey({"a": 500_000, "b": 500_000, "c": 0}), ["a", "b", "c"]) == 500_000


@pytest.mark.parametrize("typed", ["1.5", "1,5", " +1.50 ", "15e-1", "١٫٥", "0.15×10^1", 1.5, "1 . 5"])
def test_a_number_is_read_as_people_write_it(typed: str | float) -> None:
    assert grade_item(KEYS["numeric"], typed) == FULL_PPM


@pytest.mark.parametrize("typed", ["", "1.5 m", "NaN", "Infinity", "1.5.5", "1e99999", "--1", "0x1", "9" * 65, True])
def test_what_is_no_number_earns_nothing(typed: Value) -> None:
    assert grade_item(numeric("-1e30", "1e30"), typed) == 0


def test_both_ends_of_a_range_belong_to_it() -> None:
    key = numeric("1.4", "1.6")

    assert [grade_item(key, typed) for typed in ("1.4", "1.6", "1.39999999", "1.60000001")] == [
        FULL_PPM,
        FULL_PPM,
        0,
        0,
    ]


@pytest.mark.parametrize(
    ("accepted", "typed", "is_right"),
    [
        ("Newton", "  nEWton ", True),
        ("Isaac Newton", "isaac   newton", True),
        ("Straße", "STRASSE", True),
        ("café", "cafe\u0301", True),
        ("ﬁeld", "field", True),
        ("Newton", "Newtons", False),
        ("Newton*", "Newtons", True),
        ("*newton", "Isaac Newton", True),
        ("a*b*c", "a-b-b-c", True),
        ("a*b", "a", False),
        ("ab*ba", "aba", False),
        (r"2\*3", "2*3", True),
        (r"2\*3", "2x3", False),
        ("Newton", "", False),
    ],
)
def test_words_are_compared_kindly(accepted: str, typed: str, *, is_right: bool) -> None:
    assert grade_item(short(accepted), typed) == (FULL_PPM if is_right else 0)


def test_many_stars_take_no_time() -> None:
    assert grade_item(short("*a" * 400 + "b"), "a" * 1_000) == 0


@pytest.mark.parametrize("kind", KEYS)
def test_the_right_answer_we_show_earns_everything(kind: str) -> None:
    assert grade_item(KEYS[kind], right_value(KEYS[kind])) == FULL_PPM


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_comes_back_from_the_database_as_it_went(kind: str) -> None:
    assert decode_key(encode_key(KEYS[kind])) == KEYS[kind]


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=80),
    st.sampled_from("abcd"),
    st.lists(st.sampled_from("abcdz"), max_size=6),
    st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz")),
)


@given(kind=st.sampled_from(sorted(KEYS)), value=VALUES)
def test_a_share_is_between_nothing_and_everything(kind: str, value: Value) -> None:
    share = grade_item(KEYS[kind], value)

    assert 0 <= share <= FULL_PPM
    assert grade_item(KEYS[kind], value) == share


@given(values=st.lists(VALUES, min_size=7, max_size=7), points=st.lists(st.integers(1, 9), min_size=7, max_size=7))
def test_a_paper_is_its_items_in_any_order(values: list[Value], points: list[int]) -> None:
    items = [Marked(UUID(int=place + 1), points[place], key) for place, key in enumerate(KEYS.values())]
    answers = {item.item_id: value for item, value in zip(items, values, strict=True)}

    score_ppm, result = grade_paper(items, answers, pass_ppm=600_000, is_released=True)
    backwards_ppm, _ = grade_paper(items[::-1], answers, pass_ppm=600_000, is_released=True)

    assert score_ppm == backwards_ppm
    assert 0 <= score_ppm <= FULL_PPM
    assert result.max == sum(points)
    assert result.passed == (score_ppm >= 600_000)
    assert msgspec.json.decode(msgspec.json.encode(result), type=Result).max == result.max


def test_two_of_three_thirds_do_not_pass_by_rounding() -> None:
    items = [Marked(UUID(int=place), 1, TrueFalseKey(is_true=True)) for place in (1, 2, 3)]

    score_ppm, result = grade_paper(items, {UUID(int=1): True, UUID(int=2): True}, pass_ppm=666_667, is_released=False)

    assert (score_ppm, result.passed, result.points, result.max) == (666_666, False, 2, 3)


def test_unreleased_results_tell_nothing_of_the_key() -> None:
    item = Marked(ITEM, 1, TrueFalseKey(is_true=True, feedback={"wrong": "No."}), "Because.")

    _, result = grade_paper([item], {ITEM: False}, pass_ppm=0, is_released=False)

    assert msgspec.to_builtins(result.items[0]) == {
        "item_id": str(ITEM),
        "correct": False,
        "points": 0,
        "max": 1,
        "chosen": False,
    }


def test_released_results_show_what_was_right_and_why() -> None:
    item = Marked(ITEM, 2, TrueFalseKey(is_true=True, feedback={"wrong": "No.", "right": "Yes."}), "Because.")

    _, result = grade_paper([item], {ITEM: False, OTHER: True}, pass_ppm=0, is_released=True)

    assert (result.items[0].right, result.items[0].explanation, result.items[0].feedback) == (True, "Because.", "No.")
    assert len(result.items) == 1


OPTIONS = (Option("a", "A"), Option("b", "B"))
SIDES = (Option("l1", "L", "left"), Option("l2", "M", "left"), Option("r1", "R", "right"))


@pytest.mark.parametrize(
    ("kind", "options", "good", "bad"),
    [
        ("mcq", OPTIONS, ["a", None], ["c", ["a"], True, 1, {"a": "b"}]),
        ("multi", OPTIONS, [["a"], [], ["b", "a"], None], ["a", ["a", "a"], ["c"], True]),
        ("true_false", (), [True, False, None], ["true", 1, []]),
        ("numeric", (), ["1,5", 3, 2.5, "", None], [True, "1" * 65, [], 2**60]),
        ("short", (), ["x" * 1_000, ""], ["x" * 1_001, 3, True]),
        ("match", SIDES, [{}, {"l1": "r1", "l2": "r1"}], [{"r1": "l1"}, {"l1": "l2"}, ["l1"], "l1"]),
        ("order", OPTIONS, [["b", "a"]], [["a"], ["a", "a"], "ab"]),
    ],
)
def test_an_answer_must_fit_its_question(
    kind: str, options: tuple[Option, ...], good: list[Value], bad: list[Value]
) -> None:
    for value in good:
        check_value(kind, options, value)
    for value in bad:
        with pytest.raises(BadValue) as refused:
            check_value(kind, options, value)
        assert refused.value.code == "answer.invalid"


def test_a_number_keeps_every_digit() -> None:
    assert read_number("0,1") == Decimal("0.1")
