"""What is written in a format is read again as it was, but for what the report names."""

import io
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from server.assessments.interchange import (
    Question,
    QuestionDocument,
    ReadKind,
    WriteKind,
    document_of,
    read_questions,
    write_questions,
)
from server.assessments.interchange.checking import checked
from server.assessments.interchange.document import (
    FULL_PPM,
    Body,
    Choice,
    ChoiceBody,
    ClozeBody,
    Gap,
    MatchBody,
    NumericBody,
    NumericRange,
    OpenBody,
    OrderBody,
    ShortAnswer,
    ShortBody,
    TrueFalseBody,
    kind_of,
)
from server.assessments.interchange.reading import Fault, shown_of

QUICK = (Phase.explicit, Phase.generate, Phase.shrink)
SAMPLES = Path(__file__).parent / "samples"
FORMATS: dict[WriteKind, ReadKind] = {
    "gift": "gift",
    "aiken": "aiken",
    "csv": "csv",
    "moodle_xml": "moodle_xml",
    "qti12": "qti12",
    "qti21": "qti",
    "qti22": "qti",
    "qti30": "qti",
    "spark": "spark",
}
SIGNS = "ab e1.,;=~#{}:\\%<>&'\"|*-_@+/[]éЯў𝛑\nun"

words = st.text(SIGNS, min_size=1, max_size=14).map(str.strip).filter(bool)
maybe = st.none() | words
shares = st.sampled_from([FULL_PPM, 500_000, 333_333, 0, -500_000])


def weighted(made: Any) -> Any:
    return st.lists(st.builds(made, words, shares, maybe), min_size=1, max_size=4, unique_by=lambda one: one.text)


numbers = st.integers(-(10**6), 10**6).map(lambda whole: Decimal(whole) / 100)
ranges = st.tuples(numbers, numbers, shares, maybe).map(lambda one: NumericRange(min(one[:2]), max(one[:2]), *one[2:]))
texts = st.lists(words, min_size=2, max_size=4, unique=True)
gaps = st.builds(Gap, st.lists(st.builds(ShortAnswer, words, shares), min_size=1, max_size=3).map(tuple), st.booleans())
bodies = st.one_of(
    st.builds(ChoiceBody, weighted(Choice).map(tuple), st.booleans()),
    st.builds(TrueFalseBody, st.booleans(), maybe, maybe),
    st.builds(NumericBody, st.lists(ranges, min_size=1, max_size=2).map(tuple)),
    st.builds(ShortBody, weighted(ShortAnswer).map(tuple)),
    st.tuples(texts, texts).map(lambda two: MatchBody(tuple(zip(*two, strict=False)), ())),
    st.builds(OrderBody, texts.map(tuple)),
    st.builds(ClozeBody, st.lists(gaps, min_size=1, max_size=3).map(tuple)),
    st.builds(OpenBody, st.sampled_from(["essay", "code", "speaking", "writing"]), maybe),
)


def is_whole(question: Question) -> bool:
    try:
        checked(question)
    except Fault:
        return False
    return True


def with_gaps(question: Question) -> Question:
    if not isinstance(question.body, ClozeBody):
        return question
    prompt = question.prompt + "".join(f" [[{place}]] a" for place in range(1, len(question.body.gaps) + 1))
    return Question(question.title, prompt, question.body, question.explanation)


titles = words.map(lambda text: " ".join(text.split())).filter(lambda text: not text.startswith("["))
questions = st.builds(Question, titles, words, bodies, maybe).map(with_gaps).filter(is_whole)


def read_back(kind: WriteKind, content: bytes) -> QuestionDocument:
    """As whoever imports the file reads it: of a zip the manifest, and the rest beside it."""
    if not content.startswith(b"PK"):
        return read_questions(FORMATS[kind], content)
    packed = zipfile.ZipFile(io.BytesIO(content))
    files = {name: packed.read(name) for name in packed.namelist()}
    return read_questions("qti", files["imsmanifest.xml"], files=files.get)


def alike(question: Question, kind: WriteKind) -> set[str]:
    """The kinds that a question may have become on the way, each with its loss."""
    if isinstance(question.body, OpenBody) and kind not in ("csv", "spark"):
        return {"essay"}
    return {kind_of(question.body)} | (
        {"short"} if kind.startswith("qti") and kind_of(question.body) == "cloze" else set()
    )


@pytest.mark.parametrize("kind", FORMATS)
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    phases=QUICK,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(st.lists(questions, min_size=1, max_size=3))
def test_what_is_written_is_read_again_but_for_what_the_report_names(kind: WriteKind, many: list[Question]) -> None:
    written = write_questions(kind, document_of(*many))
    found = iter(read_back(kind, written.content).entries)

    assert [entry.title for entry in written.losses.entries] == [question.title for question in many]
    for question, told in zip(many, written.losses.entries, strict=True):
        if told.outcome == "skipped":
            assert told.reason
            continue
        entry = next(found)
        assert entry.question is not None, entry.reason
        if told.outcome == "ok":
            title = shown_of(question.prompt) if kind == "aiken" else question.title
            assert entry.question == Question(title, question.prompt, question.body, question.explanation)
        else:
            assert told.reason
            assert kind_of(entry.question.body) in alike(question, kind)
    assert next(found, None) is None


FIVE = document_of(
    Question(
        "Bus",
        "A bus drives 120 km in 2 hours.\nWhat is its average speed?",
        ChoiceBody((Choice("60 km/h", FULL_PPM, "Right."), Choice("240 km/h", 0, "That multiplies.")), is_multi=False),
        "Distance divided by time.",
        "Demo/Motion",
        ("motion", "easy ones"),
        points=2,
    ),
    Question("Ice", "Ice floats.", TrueFalseBody(is_true=True, feedback_wrong="Look.", feedback_right="Yes.")),
    Question("Fall", "How fast after 2 s?", NumericBody((NumericRange(Decimal("19.1"), Decimal("20.1"), FULL_PPM),))),
    Question("Unit", "The unit of force?", ShortBody((ShortAnswer("newton", FULL_PPM), ShortAnswer("N", 500_000)))),
    Question("Pairs", "Match.", MatchBody((("distance", "metre"), ("time", "second")), ("kilogram",))),
    Question("Steps", "In order.", OrderBody(("first", "second", "third"))),
    Question(
        "Gaps",
        "[[1]] is the capital of [[2]].",
        ClozeBody(
            (
                Gap((ShortAnswer("Tashkent", FULL_PPM), ShortAnswer("Toshkent", FULL_PPM))),
                Gap((ShortAnswer("Uzbekistan", FULL_PPM), ShortAnswer("Kazakhstan", 0)), is_menu=True),
            )
        ),
    ),
    Question("Essay", "Write about light.", OpenBody("essay", "Two reasons at least.")),
    title="All kinds",
)


@pytest.mark.parametrize(
    ("kind", "losses"),
    [
        ("moodle_xml", {}),
        ("spark", {}),
        ("qti12", {"Bus": "tags", "Gaps": "gap", "Essay": "marks it"}),
        ("qti21", {"Bus": "category"}),
        ("qti30", {"Bus": "category"}),
        ("gift", {"Bus": "points", "Steps": "kind", "Gaps": "kind", "Essay": "marks it"}),
        ("csv", {"Bus": "feedback", "Ice": "feedback", "Unit": "half-right", "Gaps": "menu"}),
        ("aiken", dict.fromkeys(("Bus", "Ice", "Fall", "Unit", "Pairs", "Steps", "Gaps", "Essay"), "")),
    ],
)
def test_the_report_names_what_each_format_cannot_say(kind: WriteKind, losses: dict[str, str]) -> None:
    told = {entry.title: entry.reason or "" for entry in write_questions(kind, FIVE).losses.entries if entry.reason}

    assert set(told) == set(losses)
    assert all(word in told[title].lower() for title, word in losses.items()), told


@pytest.mark.parametrize("kind", ["moodle_xml", "spark"])
def test_nothing_of_any_kind_is_lost_in_the_two_rich_formats(kind: WriteKind) -> None:
    found = read_back(kind, write_questions(kind, FIVE).content)

    assert found.questions == FIVE.questions


def test_the_same_document_gives_the_same_bytes() -> None:
    for kind in FORMATS:
        assert write_questions(kind, FIVE).content == write_questions(kind, FIVE).content


# --- files of others, written by hand from the specifications -----------------------------------------------------


def read(kind: ReadKind, text: str) -> QuestionDocument:
    return read_questions(kind, text.encode())


def bodies_of(document: QuestionDocument) -> list[Body]:
    return [question.body for question in document.questions]


def test_aiken_as_moodles_manual_shows_it() -> None:
    document = read(
        "aiken",
        "What is the correct answer to this question?\nA. Is it this one?\nB. Maybe this answer?\nC. Possibly this one?"
        "\nANSWER: B\n\nWhich LMS has the most quiz import formats?\nA) Moodle\nB) ATutor\nANSWER: A"
        "\n\nNo answer\nA. x\nB. y\n",
    )

    first, second = document.questions
    assert [choice.weight_ppm for choice in first.body.choices] == [0, FULL_PPM, 0]  # type: ignore[union-attr]
    assert second.prompt == "Which LMS has the most quiz import formats?"
    assert [(entry.line, entry.outcome, entry.reason) for entry in document.entries][2:] == [
        (12, "failed", "It has no ANSWER line.")
    ]


def test_a_table_with_semicolons_and_shielded_formulas() -> None:
    document = read(
        "csv",
        "kind;prompt;answer_1;answer_2;right\nmcq;What is 2?;'=1+1;'-2;1\nnumeric;How much?;9,7..9,9;;\n"
        "true_false;So?;;;maybe\nsong;La?;;;\n",
    )

    choice, number = bodies_of(document)
    assert choice == ChoiceBody((Choice("=1+1", FULL_PPM), Choice("-2", 0)), is_multi=False)
    assert number == NumericBody((NumericRange(Decimal("9.7"), Decimal("9.9"), FULL_PPM),))
    assert [(entry.line, entry.reason) for entry in document.entries if entry.reason] == [
        (4, "`right` says neither true nor false."),
        (5, "The kind “song” is not known."),
    ]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'=1", "'plain"])
def test_no_written_cell_runs_as_a_formula_and_each_comes_back(cell: str) -> None:
    question = Question("x", f"{cell} what", TrueFalseBody(is_true=True), explanation=cell)
    content = write_questions("csv", document_of(question)).content

    cells = content.decode("utf-8-sig").replace('"', "").replace("\r\n", ",").split(",")
    assert not [one for one in cells if one[:1] in tuple("=+-@\t\r")]
    assert read_questions("csv", content).questions == (replace_text(question, cell.strip()),)


def replace_text(question: Question, words_: str) -> Question:
    return Question(question.title, f"{words_} what", question.body, words_)


MOODLE = (SAMPLES / "moodle.xml").read_text(encoding="utf-8")


def test_moodle_xml_as_moodle_writes_it() -> None:
    document = read("moodle_xml", MOODLE)
    told = {entry.title: (entry.outcome, entry.reason) for entry in document.entries}
    colours, truth, number, short, match, cloze = document.questions

    [picture] = document.entries[0].pictures
    assert colours.prompt == f"Which two are primary? ![](file:{picture.id})"
    assert (colours.explanation, colours.category, colours.tags, colours.points) == (
        "E = mc²",
        "Physics/Light",
        ("optics",),
        2,
    )
    assert [choice.weight_ppm for choice in colours.body.choices] == [500_000, 500_000, -FULL_PPM]  # type: ignore[union-attr]
    assert truth.body == TrueFalseBody(False, "Look.", "Yes.")
    assert number.prompt == "g < 10?"
    assert number.body == NumericBody((NumericRange(Decimal("9.75"), Decimal("9.85"), FULL_PPM),))
    assert short.body == ShortBody((ShortAnswer("New*", FULL_PPM),))
    assert match.body == MatchBody((("one", "eins"), ("two", "zwei")), ("vier",))
    assert cloze.prompt == "[[1]] is in [[2]], [[3]] letters."
    assert cloze.body == ClozeBody(
        (
            Gap((ShortAnswer("Paris", FULL_PPM), ShortAnswer("paris~ish", 500_000))),
            Gap((ShortAnswer("Spain", 0), ShortAnswer("France", FULL_PPM)), is_menu=True),
            Gap((ShortAnswer("5", FULL_PPM),)),
        )
    )
    assert told["Colours"] == ("ok", None)
    assert told["c"][0] == told["n"][0] == told["s"][0] == "partial"
    assert told["calc"] == ("skipped", "Numbers that are drawn by chance are not taken.")
    assert told["d"][0] == "skipped"


QTI12 = (SAMPLES / "cartridge-quiz.xml").read_text(encoding="utf-8")


def test_a_quiz_of_a_common_cartridge() -> None:
    document = read("qti12", QTI12)
    speed, two, truth, who, essay = document.questions

    assert document.title == "Chapter one"
    assert speed == Question(
        "Speed",
        "How fast?",
        ChoiceBody((Choice("60", FULL_PPM), Choice("240", 0, "That multiplies.")), is_multi=False),
        "Divide.",
    )
    assert [choice.weight_ppm for choice in two.body.choices] == [500_000, 0, 500_000]  # type: ignore[union-attr]
    assert truth.body == TrueFalseBody(is_true=True)
    assert who.body == ShortBody((ShortAnswer("Newton", FULL_PPM), ShortAnswer("Sir Isaac\\*", FULL_PPM)))
    assert essay.body == OpenBody("essay")
    assert [(entry.title, entry.outcome) for entry in document.entries if entry.outcome != "ok"] == [
        ("Which two?", "partial"),
        ("hot", "skipped"),
    ]


QTI21 = (SAMPLES / "item-qti21.xml").read_text(encoding="utf-8")

QTI30 = (SAMPLES / "item-qti30.xml").read_text(encoding="utf-8")


def test_an_item_of_qti_2_and_one_of_qti_3() -> None:
    [luggage] = read("qti", QTI21).entries
    [order] = read("qti", QTI30).questions

    assert luggage.outcome == "partial"
    assert (
        luggage.reason == "The picture images/sign.png is not in the file, or is larger than 10 MB, and was left out."
    )
    assert luggage.question is not None
    assert (
        luggage.question.prompt
        == "Look at the text in the picture.\n[NEVER LEAVE LUGGAGE UNATTENDED]\nWhat does it say?"
    )
    assert order.body == OrderBody(("Michael", "Rubens", "Jenson"))


def test_a_test_names_its_items_and_what_is_missing_is_said() -> None:
    test = (
        '<assessmentTest xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" title="Two" identifier="t">'
        '<testPart><assessmentSection><assessmentItemRef identifier="a" href="items/a.xml"/>'
        '<assessmentItemRef identifier="b" href="../../etc/passwd"/></assessmentSection></testPart></assessmentTest>'
    )
    document = read_questions("qti", test.encode(), files={"items/a.xml": QTI21.encode()}.get)

    assert document.title == "Two"
    assert [(entry.where, entry.outcome) for entry in document.entries] == [
        ("items/a.xml", "partial"),
        ("../../etc/passwd", "failed"),
    ]
