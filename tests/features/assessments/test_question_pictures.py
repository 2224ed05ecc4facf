"""Pictures in questions of any format: what comes along, what stays, and what of it goes out again."""

import base64
from pathlib import Path

import pytest

from server.assessments.interchange import WriteKind, read_questions, write_questions
from server.assessments.interchange.document import (
    FULL_PPM,
    Choice,
    ChoiceBody,
    Entry,
    MatchBody,
    OrderBody,
    Question,
    QuestionDocument,
    ShortAnswer,
    ShortBody,
)
from server.assessments.interchange.pictures import Picture, in_words, picture_of
from server.imports.questions import read_document
from tests.features.assessments.test_other_systems import PNG, moodle, one

SHOWN = "data:image/png;base64," + base64.b64encode(PNG).decode()


def test_a_mark_that_an_author_wrote_names_nobodys_file() -> None:
    foreign = "![mine](file:0199c0de-0000-7000-8000-00000000000a)"
    for kind, source in (
        ("moodle_xml", moodle("shortanswer", foreign, "<answer fraction='100'><text>x</text></answer>")),
        ("csv", f"kind,prompt,answer_1\nshort,{foreign},x\n"),
        ("aiken", f"{foreign}\nA. x\nB. y\nANSWER: A\n"),
        ("gift", f"{foreign.replace(':', chr(92) + ':')} {{=x}}\n"),
    ):
        entry = one(kind, source)  # type: ignore[arg-type]
        assert entry.question is not None
        assert entry.question.prompt == "[mine]", kind


def test_where_a_picture_cannot_be_had_the_reason_names_it() -> None:
    def reason(src: str) -> str | None:
        return one("moodle_xml", moodle("shortanswer", f'<p>See <img src="{src}">.</p>', ANSWERED)).reason

    assert (
        reason("@@PLUGINFILE@@/a.png")
        == "The picture @@PLUGINFILE@@/a.png is not in the file, or is larger than 10 MB, and was left out."
    )
    assert (
        reason("https://a.example/x.png")
        == "The picture https://a.example/x.png lies on another site and was left out."
    )
    assert reason("data:image/png;base64,!") == "A picture that cannot be read was left out."
    assert reason(SHOWN) is None


ANSWERED = "<answer fraction='100'><text>x</text></answer>"


def with_pictures() -> QuestionDocument:
    first, second = (
        picture_of(f"data:image/png;base64,{base64.b64encode(one_).decode()}", None) for one_ in (PNG, b"x")
    )
    assert first is not None
    assert second is not None
    mark, other = f"![a shape](file:{first.id})", f"![](file:{second.id})"
    choices = (Choice(mark, FULL_PPM, "Yes."), Choice(f"not {other} this", 0))
    questions = (
        Question("One", f"What is {mark} ?\nAnd {other}", ChoiceBody(choices, is_multi=False), "Because."),
        Question("Two", f"Put {mark} together", MatchBody(((mark, "left"), ("b", "right")), ("c",))),
        Question("Three", "In order", OrderBody((f"1 {mark}", f"2 {other}"))),
        Question("Four", f"Name {other}", ShortBody((ShortAnswer("it", FULL_PPM),))),
    )
    pictures = (Picture(first.id, "a", first.content), Picture(second.id, "b", second.content))
    return QuestionDocument(tuple(Entry(0, one_.title, "ok", None, one_, "", pictures) for one_ in questions))


@pytest.mark.parametrize("kind", ["moodle_xml", "qti21", "qti22", "qti30"])
def test_questions_with_pictures_come_back_the_same(tmp_path: Path, kind: WriteKind) -> None:
    before = with_pictures()
    written = write_questions(kind, before)
    file = tmp_path / "file"
    file.write_bytes(written.content)
    after = read_document(file, "moodle_xml" if kind == "moodle_xml" else "qti")
    assert after.questions == before.questions
    assert {entry.outcome for entry in (*written.losses.entries, *after.entries)} == {"ok"}
    contents = {one_.id: one_.content for entry in after.entries for one_ in entry.pictures}
    assert contents == {one_.id: one_.content for one_ in before.entries[0].pictures}


def test_pictures_to_match_with_go_into_qti_and_stay_behind_in_moodle() -> None:
    mark = f"![a shape](file:{with_pictures().entries[0].pictures[0].id})"
    asked = Question("Two", "Match", MatchBody((("a", mark), ("b", "right"))))
    document = QuestionDocument((Entry(0, "Two", "ok", None, asked, "", with_pictures().entries[0].pictures),))
    [entry] = write_questions("moodle_xml", document).losses.entries
    assert entry.reason == "Pictures to match with were left out: Moodle offers words."
    assert write_questions("qti30", document).losses.entries[0].outcome == "ok"


@pytest.mark.parametrize("kind", ["gift", "csv", "aiken", "qti12"])
def test_a_format_without_pictures_says_what_they_show_and_that_they_stayed(kind: WriteKind) -> None:
    written = write_questions(kind, with_pictures())
    assert b"file:" not in written.content
    for entry in written.losses.entries:
        assert entry.outcome in ("partial", "skipped")
        assert entry.outcome == "skipped" or "pictures were left out" in (entry.reason or "").lower()
    back = read_questions(kind, written.content)  # type: ignore[arg-type]
    assert back.questions[0].prompt.split() == in_words(with_pictures().questions[0].prompt).split()
