"""How other systems write questions, quirk by quirk: what is read of each, and what the report says of the rest."""

import base64
import io
import zipfile
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from server.assessments.interchange import ReadKind, read_questions
from server.assessments.interchange.document import (
    FULL_PPM,
    ClozeBody,
    Entry,
    Gap,
    NumericBody,
    NumericRange,
    ShortAnswer,
)
from server.imports.questions import ENTRY_BYTES_MAX, read_document
from tests.support.cartridges import picture

PNG = picture()


def one(kind: ReadKind, source: str, files: dict[str, bytes] | None = None) -> Entry:
    entry, *_ = read_questions(kind, source.encode(), files=(files or {}).get).entries
    return entry


# --- QTI 1.2 ----------------------------------------------------------------------------------------------------------


def label(ident: str, words: str) -> str:
    return f'<response_label ident="{ident}"><material><mattext>{words}</mattext></material></response_label>'


def lid(ident: str, *labels: str, own: str = "", shuffle: str = "Yes", cardinality: str = "Single") -> str:
    material = f"<material><mattext>{own}</mattext></material>" if own else ""
    return (
        f'<response_lid ident="{ident}" rcardinality="{cardinality}">{material}<render_choice shuffle="{shuffle}">'
        f"{''.join(labels)}</render_choice></response_lid>"
    )


def rule(respident: str, answer: str, setvar: str = '<setvar varname="SCORE">100</setvar>', shown: str = "") -> str:
    feedback = f'<displayfeedback linkrefid="{shown}"/>' if shown else ""
    wanted = f'<varequal respident="{respident}">{answer}</varequal>'
    return f"<respcondition><conditionvar>{wanted}</conditionvar>{setvar}{feedback}</respcondition>"


def item(asked: str, *rules: str, text: str = "Which?", meta: str = "", more: str = "", decvar: str = "100") -> str:
    top = f'<decvar varname="SCORE" maxvalue="{decvar}"/>' if decvar else '<decvar vartype="Integer"/>'
    return (
        f"<questestinterop><assessment title='T'><section><item ident='i' title='Q'><itemmetadata>{meta}</itemmetadata>"
        f"<presentation><material><mattext>{text}</mattext></material>{asked}</presentation><resprocessing><outcomes>"
        f"{top}</outcomes>{''.join(rules)}</resprocessing>{more}</item></section></assessment></questestinterop>"
    )


def told(kind: str) -> str:
    return (
        "<qtimetadata><qtimetadatafield><fieldlabel>question_type</fieldlabel>"
        f"<fieldentry>{kind}</fieldentry></qtimetadatafield></qtimetadata>"
    )


TWO = (label("a", "yes it is"), label("b", "no it is not"))


@pytest.mark.parametrize(
    ("setvar", "decvar"),
    [
        ('<setvar varname="SCORE">1</setvar>', ""),  # Respondus, Desire2Learn: points, and no most is named.
        ('<setvar variablename="SCORE">SCORE.max</setvar>', "2.0"),  # Blackboard.
        ('<setvar varname="SCORE">100</setvar>', "100"),
    ],
)
def test_a_score_is_read_by_any_scale(setvar: str, decvar: str) -> None:
    entry = one("qti12", item(lid("r", *TWO), rule("r", "a", setvar), decvar=decvar))
    assert entry.outcome == "ok"
    assert entry.question is not None
    assert [choice.weight_ppm for choice in entry.question.body.choices] == [FULL_PPM, 0]  # type: ignore[union-attr]


def test_menus_in_a_text_are_gaps_and_not_a_match() -> None:
    asked = lid("response_c", label("1", "red"), label("2", "blue")) + lid(
        "response_d", label("3", "up"), label("4", "on")
    )
    rules = (rule("response_d", "4"), rule("response_c", "1"))
    text = "The sky at dusk is [c], and the light goes [d]."
    entry = one("qti12", item(asked, *rules, text=text, meta=told("multiple_dropdowns_question")))
    assert entry.question is not None
    assert entry.question.prompt == "The sky at dusk is [[1]], and the light goes [[2]]."
    assert entry.question.body == ClozeBody(
        (
            Gap((ShortAnswer("red", FULL_PPM), ShortAnswer("blue", 0)), is_menu=True),
            Gap((ShortAnswer("up", 0), ShortAnswer("on", FULL_PPM)), is_menu=True),
        )
    )
    alone = lid("response_c", label("1", "red"), label("2", "blue"), own="c")
    single = one("qti12", item(alone, rules[1], text="It is [c].", meta=told("multiple_dropdowns_question")))
    assert single.question is not None
    assert single.question.prompt == "It is [[1]]."
    typed = one("qti12", item(asked, *rules, text=text, meta=told("fill_in_multiple_blanks_question")))
    assert typed.question is not None
    assert typed.question.body.gaps[0] == Gap((ShortAnswer("red", FULL_PPM), ShortAnswer("blue", FULL_PPM)))  # type: ignore[union-attr]


def test_blanks_between_texts_are_gaps_in_their_order() -> None:
    blank = '<response_str ident="{0}"><render_fib><response_label ident="{0}-A"/></render_fib></response_str>'
    more = "<material><mattext>and then</mattext></material>"
    asked = blank.format("one") + more + blank.format("two")
    entry = one("qti12", item(asked, rule("two-A", "ebb"), rule("one", "flow"), text="First"))
    assert entry.question is not None
    assert entry.question.prompt == "First [[1]] and then [[2]]"
    assert [gap.answers[0].text for gap in entry.question.body.gaps] == ["flow", "ebb"]  # type: ignore[union-attr]


def test_blackboards_names_for_texts_and_kinds_are_known() -> None:
    words = "<mat_formattedtext type='HTML'>&lt;b&gt;Two&lt;/b&gt; of these</mat_formattedtext>"
    formatted = f"<mat_extension>{words}</mat_extension>"
    wanted = '<varequal respident="r">a</varequal><not><varequal respident="r">b</varequal></not>'
    scored = f"<respcondition><conditionvar><and>{wanted}</and></conditionvar>{{}}</respcondition>"
    source = item(
        lid("r", *TWO),
        scored.format('<setvar variablename="SCORE">SCORE.max</setvar>'),
        meta="<bbmd_questiontype>Multiple Answer</bbmd_questiontype><qmd_absolutescore_max>2.5</qmd_absolutescore_max>",
        decvar="2.5",
    ).replace("<mattext>Which?</mattext>", formatted)
    entry = one("qti12", source)
    assert entry.question is not None
    assert (entry.question.prompt, entry.question.points) == ("Two of these", 2)
    assert entry.question.body.is_multi  # type: ignore[union-attr]
    assert entry.reason == "Its points, 2.5, became 2."


def test_feedback_for_any_answer_goes_to_each_it_is_for_or_is_said_to_be_left() -> None:
    def said(ident: str, words: str) -> str:
        return f'<itemfeedback ident="{ident}"><material><mattext>{words}</mattext></material></itemfeedback>'

    wrong = rule("r", "b", "", shown="b_fb")
    kept = one("qti12", item(lid("r", *TWO), rule("r", "a"), wrong, more=said("b_fb", "Look again")))
    general = said("general_incorrect_fb", "Pity") + said("correct_fb", "Well done")
    spread = one("qti12", item(lid("r", *TWO), rule("r", "a"), wrong, more=said("b_fb", "Look again") + general))
    lost = one("qti12", item(lid("r", *TWO, cardinality="Multiple"), rule("r", "a"), more=general))
    assert spread.outcome == "ok"
    assert spread.question is not None
    assert [choice.feedback for choice in spread.question.body.choices] == ["Well done", "Look again\nPity"]  # type: ignore[union-attr]
    assert kept.outcome == "ok"
    assert kept.question is not None
    assert kept.question.body.choices[1].feedback == "Look again"  # type: ignore[union-attr]
    assert lost.reason == "Feedback for any right or wrong answer was left out."


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("calculated_question", "Numbers that are drawn by chance are not taken."),
        ("file_upload_question", "Answers that are files are not taken."),
        ("categorization_question", "Sorting things into groups is not taken."),
    ],
)
def test_kinds_that_nobody_can_be_asked_here_are_named(kind: str, why: str) -> None:
    entry = one("qti12", item(lid("r", *TWO), rule("r", "a"), meta=told(kind)))
    assert (entry.outcome, entry.reason) == ("skipped", why)


def test_a_right_answer_that_the_question_does_not_have_is_no_question() -> None:
    wanted = '<varequal respident="r">a</varequal><varequal respident="r">gone</varequal>'
    scored = f'<respcondition><conditionvar>{wanted}</conditionvar><setvar varname="SCORE">100</setvar></respcondition>'
    entry = one("qti12", item(lid("r", *TWO, cardinality="Multiple"), scored))
    assert (entry.outcome, entry.question) == ("failed", None)


def test_a_group_that_draws_from_a_bank_elsewhere_is_said_and_so_is_a_fixed_order() -> None:
    group = (
        "<section title='Five of many'><selection_ordering><selection><sourcebank_ref>b1</sourcebank_ref>"
        "<selection_number>5</selection_number></selection></selection_ordering></section>"
    )
    three = (*TWO, label("c", "all of the above"))
    source = item(lid("r", *three, shuffle="No"), rule("r", "c")).replace("</section>", "</section>" + group)
    document = read_questions("qti12", source.encode())
    asked, bank, order = document.entries
    assert (asked.outcome, bank.outcome, order.outcome) == ("ok", "failed", "partial")
    assert "5 questions from the bank b1, which is not in this file" in str(bank.reason)
    assert str(order.reason).startswith("The file shows the answers of 1 question in an order")


def test_a_test_of_a_cartridge_brings_its_time_and_its_attempts() -> None:
    fields = "".join(
        f"<qtimetadatafield><fieldlabel>{name}</fieldlabel><fieldentry>{value}</fieldentry></qtimetadatafield>"
        for name, value in (("cc_maxattempts", "3"), ("qmd_timelimit", "20"))
    )
    source = item(lid("r", *TWO), rule("r", "a")).replace(
        "<section>", f"<qtimetadata>{fields}</qtimetadata><section>", 1
    )
    document = read_questions("qti12", source.encode())
    assert (document.attempts_max, document.duration_s) == (3, 1200)
    assert len(document.questions) == 1


# --- QTI 2 and 3 ------------------------------------------------------------------------------------------------------


def qti2(body: str, *, declared: str = "", head: str = "", right: str = "a", more: str = "") -> str:
    return (
        f'<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="i" title="Q" {head}>'
        '<responseDeclaration identifier="R" cardinality="single" baseType="identifier"><correctResponse>'
        f"<value>{right}</value></correctResponse></responseDeclaration>{declared}<itemBody>{body}</itemBody>{more}"
        "</assessmentItem>"
    )


CHOICE = (
    '<choiceInteraction responseIdentifier="R" shuffle="true" maxChoices="1"><prompt>Which?</prompt><simpleChoice'
    ' identifier="a">one</simpleChoice><simpleChoice identifier="b">two</simpleChoice></choiceInteraction>'
)

MOST = "<defaultValue><value>1.5</value></defaultValue>"
MOST = f'<outcomeDeclaration identifier="MAXSCORE">{MOST}</outcomeDeclaration>'


@pytest.mark.parametrize(
    ("source", "outcome", "why"),
    [
        (qti2(CHOICE, head='adaptive="true"'), "skipped", "changes with each answer"),
        (qti2(CHOICE, declared='<templateDeclaration identifier="x"/>'), "skipped", "drawn by chance"),
        (qti2(CHOICE, more='<modalFeedback identifier="x">Oh</modalFeedback>'), "partial", "Feedback"),
        (
            qti2(CHOICE, more="<responseProcessing><responseElseIf/></responseProcessing>"),
            "partial",
            "rules of marking",
        ),
        (
            qti2(CHOICE, declared=MOST),
            "partial",
            "points, 1.5, became 1",
        ),
        (qti2(CHOICE.replace('"Q"', ""), declared='<assessmentStimulusRef href="s.xml"/>'), "partial", "text s.xml"),
        (qti2(f'<p><include href="a.xml"/></p>{CHOICE}'), "partial", "lies in another file"),
        (qti2(CHOICE), "ok", ""),
    ],
)  # fmt: skip
def test_what_an_item_holds_beyond_its_answers_is_said(source: str, outcome: str, why: str) -> None:
    entry = one("qti", source)
    assert (entry.outcome, why in (entry.reason or "")) == (outcome, True), entry.reason


def test_feedback_that_is_called_correct_goes_to_the_right_answer() -> None:
    told_ = "".join(f'<modalFeedback identifier="{name}">{name}!</modalFeedback>' for name in ("correct", "incorrect"))
    entry = one("qti", qti2(CHOICE, more=told_))
    assert entry.outcome == "ok"
    assert entry.question is not None
    assert [choice.feedback for choice in entry.question.body.choices] == ["correct!", "incorrect!"]  # type: ignore[union-attr]


def test_instructions_for_learners_and_a_shared_text_are_read_before_the_question() -> None:
    body = f'<rubricBlock view="candidate"><p>Use no books.</p></rubricBlock>{CHOICE}'
    source = qti2(body, declared='<assessmentStimulusRef identifier="s" href="s.xml"/>')
    shared = b"<qti-assessment-stimulus><qti-stimulus-body><p>Once.</p></qti-stimulus-body></qti-assessment-stimulus>"
    entry = one("qti", source, {"s.xml": shared})
    assert entry.outcome == "ok"
    assert entry.question is not None
    assert entry.question.prompt == "Once.\nUse no books.\nWhich?"


def test_words_dragged_into_a_text_are_menus_and_a_slider_is_a_number() -> None:
    dragged = (
        '<gapMatchInteraction responseIdentifier="R"><gapText identifier="w">winter</gapText><gapText identifier="s">'
        'summer</gapText><p>Now is the <gap identifier="g1"/> of our discontent.</p></gapMatchInteraction>'
    )
    entry = one("qti", qti2(dragged, right="w g1").replace('identifier"><correct', 'directedPair"><correct'))
    assert entry.question is not None
    assert entry.question.prompt == "Now is the [[1]] of our discontent."
    assert entry.question.body.gaps[0].answers == (ShortAnswer("winter", FULL_PPM), ShortAnswer("summer", 0))  # type: ignore[union-attr]
    slider = '<p>How many?</p><sliderInteraction responseIdentifier="R" lowerBound="0" upperBound="9"/>'
    moved = one("qti", qti2(slider, right="4").replace('baseType="identifier"', 'baseType="integer"'))
    assert moved.question is not None
    assert moved.question.body == NumericBody((NumericRange(Decimal(4), Decimal(4), FULL_PPM),))
    assert moved.reason == "A slider from 0 to 9 became a number to type."


def zipped(entries: dict[str, str | bytes]) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as packed:
        for name, content in entries.items():
            packed.writestr(name, content)
    return body.getvalue()


def listed(resource: str) -> str:
    return f"<manifest><resources>{resource}</resources></manifest>"


@pytest.mark.parametrize(
    "entries",
    [
        {"imsmanifest.xml": listed('<resource type="imsqti_xmlv1p2" href="a/q.xml"/>'),
         "a/q.xml": item(lid("r", *TWO), rule("r", "a"))},
        {"export/imsmanifest.xml": listed('<resource type="imsqti_item_xmlv2p1"><file href="q.xml"/></resource>'),
         "export/q.xml": qti2(CHOICE)},
        {"one.xml": "\n" + qti2(CHOICE), "readme.txt": "x"},
    ],
    ids=["of QTI 1.2", "in a folder", "without a manifest"],
)  # fmt: skip
def test_a_package_is_read_however_it_was_packed(tmp_path: Path, entries: dict[str, str | bytes]) -> None:
    file = tmp_path / "package.zip"
    file.write_bytes(zipped(entries))
    [entry] = read_document(file, "qti").entries
    assert entry.outcome == "ok"


def test_a_picture_that_is_too_large_costs_its_question_a_picture_and_no_more(tmp_path: Path) -> None:
    file = tmp_path / "package.zip"
    shown = CHOICE.replace("Which?", 'Which? <img src="large.png" alt="a map"/>')
    file.write_bytes(zipped({"q.xml": qti2(shown), "large.png": Random(1).randbytes(ENTRY_BYTES_MAX + 1)}))
    [entry] = read_document(file, "qti").entries
    assert entry.question is not None
    assert entry.question.prompt == "Which? [a map]"
    assert entry.reason == "The picture large.png is not in the file, or is larger than 10 MB, and was left out."


# --- Moodle -----------------------------------------------------------------------------------------------------------


def moodle(kind: str, text: str, more: str = "") -> str:
    return (
        f'<quiz><question type="{kind}"><name><text>Q</text></name><questiontext format="html"><text><![CDATA[{text}]]>'
        f"</text></questiontext>{more}</question></quiz>"
    )


def test_words_chosen_for_a_text_are_menus_of_their_group() -> None:
    offered = "".join(
        f"<selectoption><text>{words}</text><group>{group}</group></selectoption>"
        for words, group in (("cat", 1), ("mat", 2), ("dog", 1), ("hat", 2))
    )
    entry = one("moodle_xml", moodle("gapselect", "<p>The [[1]] sat on the [[2]].</p>", offered))
    assert entry.question is not None
    assert entry.question.prompt == "The [[1]] sat on the [[2]]."
    assert entry.question.body == ClozeBody(
        (
            Gap((ShortAnswer("cat", FULL_PPM), ShortAnswer("dog", 0)), is_menu=True),
            Gap((ShortAnswer("mat", FULL_PPM), ShortAnswer("hat", 0)), is_menu=True),
        )
    )


def test_a_gap_of_a_kind_that_is_not_taken_never_shows_its_key() -> None:
    entry = one("moodle_xml", moodle("cloze", "{1:SA:=one} and {1:MULTIRESPONSE:=right~wrong}"))
    assert (entry.outcome, entry.question) == ("skipped", None)
    weighed = one("moodle_xml", moodle("cloze", "{1:SA:=one} and {3:SAC:=two}"))
    assert weighed.reason == "Capitals and small letters count the same here; gaps count alike here."


def test_the_picture_of_an_old_moodle_stands_under_the_text() -> None:
    old = (
        f"<image>old.png</image><image_base64>{base64.b64encode(PNG).decode()}</image_base64><answer fraction='100'>"
        "<text>x</text></answer>"
    )
    entry = one("moodle_xml", moodle("shortanswer", "<p>Name it.</p>", old))
    [kept] = entry.pictures
    assert (kept.content, entry.outcome) == (PNG, "ok")
    assert entry.question is not None
    assert entry.question.prompt == f"Name it.\n![](file:{kept.id})"


def test_marks_that_hang_on_capitals_are_said_to_be_lost() -> None:
    marks = (("York", 100), ("york", 50))
    answers = "".join(f"<answer fraction='{share}'><text>{word}</text></answer>" for word, share in marks)
    entry = one("moodle_xml", moodle("shortanswer", "Which town?", answers))
    assert entry.reason == "Answers that differ in capitals alone count the same here."
