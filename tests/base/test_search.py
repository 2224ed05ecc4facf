"""Words with slips in them: what counts as near, and what does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from server.base.search import nearest, slips_allowed, slips_between, trigrams_of

WORDS = some.text("abcdo", max_size=8)


@pytest.mark.parametrize(
    ("one", "other", "slips"),
    [
        ("fizika", "fizika", 0),
        ("fizika", "fiska", 2),
        ("fizika", "fzika", 1),
        ("fizika", "fizikka", 1),
        ("fizika", "fizuka", 1),
        ("fizika", "fiizka", 1),
        ("fizika", "kimyo", 3),
        ("ab", "ba", 1),
        ("", "ab", 2),
    ],
)
def test_a_slip_is_a_letter_wrong_missing_too_many_or_swapped(one: str, other: str, slips: int) -> None:
    assert slips_between(one, other, most=2) == slips


@given(one=WORDS, other=WORDS)
def test_slips_are_counted_alike_from_both_sides_and_stopping_early_changes_nothing(one: str, other: str) -> None:
    exact = slips_between(one, other, most=20)

    assert exact == slips_between(other, one, most=20)
    for most in range(3):
        assert slips_between(one, other, most=most) == min(exact, most + 1)


@pytest.mark.parametrize(
    ("word", "slips"), [("ab", 0), ("2024", 0), ("suv", 0), ("suvi", 1), ("fizika", 1), ("algebra", 2)]
)
def test_short_words_and_numbers_are_taken_as_they_are(word: str, slips: int) -> None:
    assert slips_allowed(word) == slips


def test_the_nearest_come_first_and_no_more_than_eight() -> None:
    others = ["algebra", "algebro", "algabro", "geometriya", *(f"algebr{letter}" for letter in "bcdefghi")]

    found = nearest("algebra", others, slips=2)

    assert found[0] == "algebra"
    assert len(found) == 8
    assert "geometriya" not in found


def test_trigrams_know_where_a_word_begins_and_ends() -> None:
    assert trigrams_of("suv") == ["  s", " su", "suv", "uv "]
