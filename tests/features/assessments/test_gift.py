"""An author hands over a GIFT file: every question is taken, or named with its line and the reason why not."""

import time
import unicodedata
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.assessments.interchange import BadEncoding, Entry, Question, TooManyQuestions
from server.assessments.interchange.document import (
    ChoiceBody,
    MatchBody,
    NumericBody,
    OpenBody,
    ShortBody,
    TrueFalseBody,
)
from server.assessments.interchange.gift import parse_gift
from server.assessments.interchange.refusals import BYTES_MAX, QUESTIONS_MAX

PHYSICS = Path(__file__).resolve().parents[4] / "shared" / "content" / "high-school-physics.gift"


def one(source: str | bytes) -> Entry:
    (entry,) = parse_gift(source).entries
    return entry


def taken(source: str) -> Question:
    entry = one(source)
    assert entry.question is not None, entry.reason
    return entry.question


# --- kinds ------------------------------------------------------------------------------------------------------


def test_one_right_answer_among_wrong_ones_is_a_choice() -> None:
    question = taken("::Sky::Why is the sky blue? {\n =Air scatters blue light.\n ~It mirrors the sea.\n}")

    assert question.title == "Sky"
    assert question.prompt == "Why is the sky blue?"
    assert isinstance(question.body, ChoiceBody)
    assert not question.body.is_multi
    assert [(choice.text, choice.weight_ppm) for choice in question.body.choices] == [
        ("Air scatters blue light.", 1_000_000),
        ("It mirrors the sea.", 0),
    ]


def test_weights_without_an_equals_sign_let_several_be_ticked() -> None:
    body = taken("Which are vectors? {~%50%force ~%50%velocity ~%-100%mass}").body

    assert isinstance(body, ChoiceBody)
    assert body.is_multi
    assert [choice.weight_ppm for choice in body.choices] == [500_000, 500_000, -1_000_000]


def test_a_weight_beside_an_equals_sign_is_half_right() -> None:
    body = taken("Unit of force? {=newton ~%33.33333%kg m/s² ~joule}").body

    assert isinstance(body, ChoiceBody)
    assert [choice.weight_ppm for choice in body.choices] == [1_000_000, 333_333, 0]


@pytest.mark.parametrize(("word", "is_true"), [("T", True), ("TRUE", True), ("F", False), ("false", False)])
def test_true_and_false_are_read_in_either_length(word: str, *, is_true: bool) -> None:
    assert taken(f"Ice floats. {{{word}}}").body == TrueFalseBody(is_true)


def test_true_false_feedback_is_first_for_the_wrong_answer() -> None:
    body = taken("Ice floats. {T#Look at a glass of water.#Yes: it is less dense.}").body

    assert body == TrueFalseBody(True, "Look at a glass of water.", "Yes: it is less dense.")


def test_only_equals_signs_make_a_short_answer() -> None:
    body = taken("Who found the law of gravity? {=Newton =%50%Hooke =Isaac Newton}").body

    assert isinstance(body, ShortBody)
    assert [(answer.text, answer.weight_ppm) for answer in body.answers] == [
        ("Newton", 1_000_000),
        ("Hooke", 500_000),
        ("Isaac Newton", 1_000_000),
    ]


@pytest.mark.parametrize(
    ("source", "low", "high"),
    [
        ("{#3}", "3", "3"),
        ("{#1.5:0.1}", "1.4", "1.6"),
        ("{#1..2}", "1", "2"),
        ("{#-2,5:0,5}", "-3.0", "-2.0"),
        ("{#6.02e23:1e21}", "6.01E+23", "6.03E+23"),
        ("{# 3.141..3.142 }", "3.141", "3.142"),
    ],
)
def test_numbers_have_a_margin_or_a_range(source: str, low: str, high: str) -> None:
    body = taken(f"How much? {source}").body

    assert isinstance(body, NumericBody)
    assert (body.ranges[0].low, body.ranges[0].high) == (Decimal(low), Decimal(high))


def test_several_numbers_carry_their_own_marks() -> None:
    body = taken("When was Grant born? {#\n =1822:0 #Right!\n =%50%1822:2 #Near.\n}").body

    assert isinstance(body, NumericBody)
    assert [(part.weight_ppm, part.feedback) for part in body.ranges] == [(1_000_000, "Right!"), (500_000, "Near.")]


def test_arrows_make_pairs_and_an_empty_left_is_a_distractor() -> None:
    body = taken("Match. {=newton -> force =joule -> energy = -> power}").body

    assert body == MatchBody((("newton", "force"), ("joule", "energy")), ("power",))


def test_text_after_the_braces_leaves_a_gap_where_they_stood() -> None:
    question = taken("Force equals mass times {=acceleration ~velocity}.")

    assert question.prompt == "Force equals mass times _____."


# --- details ----------------------------------------------------------------------------------------------------


def test_escaped_signs_belong_to_the_text() -> None:
    question = taken(r"::a\:b::Solve \{x \= 2\} \~ \# now\: {=\{2\} ~\=3 ~\~4 ~5\#6}")

    assert (question.title, question.prompt) == ("a:b", "Solve {x = 2} ~ # now:")
    assert isinstance(question.body, ChoiceBody)
    assert [choice.text for choice in question.body.choices] == ["{2}", "=3", "~4", "5#6"]


def test_a_backslash_before_a_letter_is_latex() -> None:
    assert taken(r"Take \(\nu \neq \frac\{a\}\{b\}\), a\nb {T}").prompt == "Take \\(\\nu \\neq \\frac{a}{b}\\), a\nb"


def test_feedback_and_the_general_word_are_kept() -> None:
    question = taken("Q {=a#good ~b#bad ####Because.}")

    assert question.explanation == "Because."
    assert isinstance(question.body, ChoiceBody)
    assert [choice.feedback for choice in question.body.choices] == ["good", "bad"]


def test_categories_and_tags_stay_with_the_questions_below() -> None:
    document = parse_gift("$CATEGORY: a/b\n\n// [id:7] [tag:motion]\n::1::Q {T}\n\n$CATEGORY: c\n::2::Q {F}\n")

    assert [(question.category, question.tags) for question in document.questions] == [("a/b", ("motion",)), ("c", ())]


def test_comments_are_no_questions() -> None:
    assert parse_gift("// {=not ~this}\n\n  // nor this\n").entries == ()


def test_a_blank_line_among_the_answers_does_not_end_the_question() -> None:
    body = taken("Q {\n =a\n\n ~b\n}").body

    assert isinstance(body, ChoiceBody)
    assert len(body.choices) == 2


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_of_any_system_are_read(newline: str) -> None:
    document = parse_gift(newline.join(["::1::Q {", "=a", "~b", "}", "", "::2::Q {T}"]))

    assert [entry.line for entry in document.entries] == [1, 6]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_marked_encodings_are_read(encoding: str) -> None:
    assert one("Ñandú? {T}".encode(encoding)).title == "Ñandú?"


def test_html_becomes_text_and_a_lost_picture_is_reported() -> None:
    entry = one(
        '[html]<p>v<sub>0</sub> &lt; 10<sup>-2</sup></p><img src\\="x.png" alt\\="A ramp"><script>x()</script> {T}'
    )

    assert entry.question is not None
    assert entry.question.prompt == "v₀ < 10⁻²\n[A ramp]"
    assert entry.outcome == "partial"
    assert entry.reason == "A picture was left out; a script was left out."


@pytest.mark.parametrize(
    ("source", "prompt"),
    [
        ("Is a < b and b > c? {T}", "Is a < b and b > c?"),
        ("Is a<b and b>c? {T}", "Is a<b and b>c?"),
        ("[html]Is a<b and b>c? {T}", "Is a<b and b>c?"),
        ("<b>If</b> v <c and c>u? {T}", "If v <c and c>u?"),
        ("[html]0<x<1 &amp; y<script>z</script>? {T}", "0<x<1 & y?"),
        ("<p>One</p><p>Two</p> {T}", "One\nTwo"),
    ],
)
def test_a_less_than_sign_is_not_lost_as_a_tag(source: str, prompt: str) -> None:
    assert taken(source).prompt == prompt


@pytest.mark.parametrize("piece", ["<a ", "<!--", "</", "<?", "<p ", "&", "<", "a='", "<![CDATA["])
def test_broken_markup_takes_no_longer_than_good_markup(piece: str) -> None:
    begun = time.process_time()
    parse_gift("[html]<p>" + piece * (90_000 // len(piece)) + "{T}")

    assert time.process_time() - begun < 20  # It was three minutes once.


def test_an_answer_block_that_is_empty_is_an_essay() -> None:
    assert taken("Write about light. {}").body == OpenBody("essay")


# --- what is not taken ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "outcome", "reason"),
    [
        ("Read the text below.", "skipped", "A description without answers is not a question."),
        ("Q {=a ~b", "failed", "Its answer block begins with { and never ends."),
        ("Q } {T}", "failed", "A } stands before any {; write \\} for a brace that belongs to the text."),
        ("Q {T} and {F}", "failed", "It has more than one {; write \\{ and \\} for braces that belong to the text."),
        ("::title Q {T}", "failed", "Its title begins with :: and never ends."),
        ("Q {~a ~b}", "failed", "No answer is right: mark one with =, or give one a weight above %0%."),
        ("Q {=a ~}", "failed", "An answer has no text."),
        ("Q {~a =a}", "failed", "The answer “a” stands twice, with different marks."),
        ("Q {yes}", "failed", "“yes” stands in the answer block before any = or ~."),
        ("Q {#many}", "failed", "“many” is not a number."),
        ("Q {#1e999}", "failed", "The number 1e999 is out of range."),
        ("Q {#5..3}", "failed", "The range 5..3 begins above its end."),
        ("Q {=a -> b}", "failed", "A matching question needs two pairs at least."),
        ("Q {=%150%a}", "failed", "The weight %150% is not between −100 and 100."),
        ("::t:: {T}", "failed", "It has no question text."),
    ],
)
def test_each_loss_has_its_reason(source: str, outcome: str, reason: str) -> None:
    entry = one(source)

    assert (entry.outcome, entry.reason) == (outcome, reason)
    assert entry.question is None


def test_one_brace_that_never_closes_costs_one_question() -> None:
    document = parse_gift("::1::Q {T}\n\n::2::Q {=a ~b\n\n::3::Q {T}\n")

    assert [(entry.title, entry.outcome, entry.line) for entry in document.entries] == [
        ("1", "ok", 1),
        ("2", "failed", 3),
        ("3", "ok", 5),
    ]


@pytest.mark.parametrize(
    "data", ["Où? {T}".encode("latin-1"), b"PK\x03\x04\x00\x00", b"a\x00b {T}", b"\xff\xfe\x00\xd8"]
)
def test_what_is_no_text_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(BadEncoding) as refused:
        parse_gift(data)

    assert refused.value.code == "questions.encoding"


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(BadEncoding):
        parse_gift("Q \ud800 {T}")


def test_a_hundred_thousand_questions_are_refused_quickly() -> None:
    begun = time.process_time()
    with pytest.raises(TooManyQuestions) as refused:
        parse_gift("Q {T}\n\n" * 100_000)

    assert "Split it" in refused.value.message
    assert time.process_time() - begun < 20


@pytest.mark.slow
def test_the_largest_file_is_read_in_seconds() -> None:
    question = "Q \\= " * 400 + "{=" + "a" * 50 + "~b#c}\n\n"
    source = question * (min(BYTES_MAX // len(question), QUESTIONS_MAX) - 1)
    begun = time.process_time()

    assert {entry.outcome for entry in parse_gift(source).entries} == {"ok"}
    assert time.process_time() - begun < 60


@given(st.text(alphabet="ab{}=~#:\\%->/.[] \n1T$", max_size=200))
def test_no_text_whatever_breaks_the_reader(source: str) -> None:
    for entry in parse_gift(source).entries:
        assert (entry.question is None) == (entry.outcome in {"skipped", "failed"})
        assert (entry.reason is None) == (entry.outcome == "ok")
        assert entry.line >= 1
        assert entry.title


@given(st.binary(max_size=200))
def test_no_bytes_whatever_break_the_reader(data: bytes) -> None:
    try:
        parse_gift(data)
    except BadEncoding:
        return


PLAIN = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=30)


def escaped(text: str) -> str:
    return "".join("\\" + sign if sign in "~=#{}:\\" else sign for sign in text)


@given(prompt=PLAIN, answers=st.lists(PLAIN, min_size=2, max_size=6, unique=True))
def test_what_is_written_is_what_is_read(prompt: str, answers: list[str]) -> None:
    """Goal: no character of a question is lost or changed. Method: write with escapes, read back."""
    first, *others = answers
    source = (
        f"[plain]x{escaped(prompt)} {{={escaped('x' + first)}" + "".join(f"~{escaped('x' + a)}" for a in others) + "}"
    )
    entry = one(source)

    written = ["x" + unicodedata.normalize("NFC", answer) for answer in answers]
    if entry.question is None:
        assert len(set(written)) < len(written)  # Two that only normalisation makes equal.
        return
    assert entry.question.prompt == unicodedata.normalize("NFC", "x" + prompt)
    assert isinstance(entry.question.body, ChoiceBody)
    assert [choice.text for choice in entry.question.body.choices] == list(dict.fromkeys(written))


@pytest.mark.skipif(not PHYSICS.exists(), reason="the shared content is not on this machine")
def test_all_154_questions_of_the_physics_file_are_taken() -> None:
    document = parse_gift(PHYSICS.read_bytes())

    assert len(document.questions) == len(document.entries) == 154
    assert [(entry.line, entry.reason) for entry in document.entries if entry.outcome != "ok"] == [
        (710, "The answer “0.16 N” stood twice and is kept once.")
    ]
