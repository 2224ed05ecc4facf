"""Formulas in questions: where one stands, what is drawn of it, what stays as it was typed, and who sees it when."""

import io
import re
import zipfile
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from server.assessments.drawing import drawn_draft
from server.assessments.interchange import ReadKind, WriteKind, write_questions
from server.assessments.interchange.document import (
    FULL_PPM,
    Choice,
    ChoiceBody,
    Question,
    ShortAnswer,
    ShortBody,
    StoredQuestion,
    TrueFalseBody,
    document_of,
)
from server.assessments.interchange.formulas import (
    FORMULAS_MAX,
    MATHML_LENGTH_MAX,
    drawn,
    drawn_or_not,
    formulas_in,
    told_of,
)
from server.base.errors import AppError
from server.catalog.inline import MATH_TAGS
from tests.features.assessments.conftest import TestSchool, option
from tests.features.assessments.test_interchange import read_back
from tests.features.assessments.test_other_systems import CHOICE, moodle, one, qti2
from tests.features.assessments.test_question_drafts import desk_of

ANSWERED = "<answer fraction='100'><text>x</text></answer>"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r"If \(x^2\) is 4", [("x^2", "inline")]),
        (r"\[ \frac{1}{2} \] and $$x_1$$", [(r"\frac{1}{2}", "block"), ("x_1", "block")]),
        (r"\(a\)\(b\)", [("a", "inline"), ("b", "inline")]),
        (r"\[ a \\[2pt] b \]", [(r"a \\[2pt] b", "block")]),
        ("\\(a\n+ b\\)", [("a\n+ b", "inline")]),
        (r"$$ a + \$ 5 $$", [(r"a + \$ 5", "block")]),
        ("It costs $5 and $6.", []),
        ("It costs $$5 and $$6.", []),
        ("Cheap is $$, dear is $$$ or $$$$.", []),
        ("Is it $$ or rather $$ ?", []),
        (r"An \\(escaped\\) mark, an open \( one, \(\) nothing", []),
        ("Choose [1] or (2), never [[1]].", []),
    ],
)
def test_a_formula_stands_between_marks_that_mean_nothing_else(text: str, found: list[tuple[str, str]]) -> None:
    assert [(formula.latex, formula.display) for formula in formulas_in(text)] == found
    assert all(formula.typed in text for formula in formulas_in(text))


def test_what_print_alone_needs_is_eased_away() -> None:
    typed = r"\[\begin{matrix}\hfill 1 & \text{if $x < 1$, else}\end{matrix}\]"
    mathml = drawn([typed])[typed]
    assert "hfill" not in mathml
    assert "<mtext>if&nbsp;</mtext><mi>x</mi><mo>&lt;</mo><mn>1</mn><mtext>,&nbsp;else</mtext>" in mathml


def test_what_is_drawn_lies_under_the_very_words() -> None:
    texts = [r"If \(x^2\) then", r"\(x^2\) or \[\sqrt{y}\] for $5"]
    made = drawn(texts)
    assert list(made) == [r"\(x^2\)", r"\[\sqrt{y}\]"]
    assert made[r"\(x^2\)"].startswith('<math display="inline">')
    assert "<msqrt>" in made[r"\[\sqrt{y}\]"]


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        (r"\(z=1+\mycommand\)", r"\mycommand is not known"),
        (r"\(" + "x+" * 1_500 + r"x\)", "it has more than 2,000 characters"),
        (r"\(" + "{" * 70 + "x" + "}" * 70 + r"\)", "it is nested deeper than 60"),
        (r"\(\frac{1}\)", "it is no LaTeX that can be read"),
        (r"\(\def\a{b}\a\)", "it is no LaTeX that can be read"),
        (r"\(x = [[1]]\)", "a gap stands in it"),
    ],
)
def test_what_cannot_be_drawn_stays_as_typed_and_the_report_says_why(typed: str, why: str) -> None:
    assert drawn([typed]) == {}
    assert drawn_or_not([typed]) == {typed: ""}
    [told] = told_of([typed])
    assert told.startswith("the formula “\\(")
    assert told.endswith(f"stays as it is typed: {why}")


def test_latex_without_marks_is_told_and_prices_are_not() -> None:
    [told] = told_of(["It costs $5 and $6.", r"What is \frac{1}{2} of it?"])
    assert told == (
        "“\\frac{1}{2} of it?” stays as it is typed: a formula stands between \\( and \\), \\[ and \\], or two $$"
    )


@pytest.mark.parametrize(
    "latex",
    [
        r"\text{<script>alert(1)</script>}",
        r"\text{<img src=x onerror=alert(1)>}",
        r"\href{javascript:alert(1)}{x}",
        r"\class{evil}{x}",
        r"\style{background:url(https://a.example)}{x}",
        r"\htmlData{a=b}{x}",
        r"<svg onload=alert(1)>x",
        r"\unicode{60}script>",
        r"\color{red}{x}",
        r"\begin{array}{<b>}x\end{array}",
    ],
)
def test_nothing_that_is_drawn_can_carry_a_script(latex: str) -> None:
    for mathml in drawn([f"\\({latex}\\)"]).values():
        assert {tag.lower() for tag in re.findall(r"<\s*/?\s*([^\s>/]+)", mathml)} <= MATH_TAGS
        assert not re.search(r"\s(on\w+|style|class|href|src|id)\s*=", mathml, re.IGNORECASE)
        assert "javascript" not in mathml


def test_a_question_draws_no_more_than_its_bounds() -> None:
    many = [rf"\(x_{{{place}}}\)" for place in range(FORMULAS_MAX + 5)]
    large = [rf"\({'a+' * 950}{place}\)" for place in range(12)]
    assert len(drawn(many)) == FORMULAS_MAX
    assert sum(map(len, drawn(large).values())) <= MATHML_LENGTH_MAX
    assert told_of(many)[-1] == "2 more formulas stay as they are typed"


@pytest.mark.parametrize(
    ("prompt", "code"),
    [
        (r"\(" + "x+" * 1_500 + r"x\)", "question.formula_too_long"),
        (r"\(" + "{" * 70 + "x" + "}" * 70 + r"\)", "question.formula_too_deep"),
        (" ".join(rf"\(x_{{{place}}}\)" for place in range(FORMULAS_MAX + 1)), "question.formulas_too_many"),
    ],
)
async def test_a_draft_beyond_a_bound_is_refused_by_name(prompt: str, code: str) -> None:
    with pytest.raises(AppError) as refused:
        await drawn_draft(StoredQuestion(prompt, TrueFalseBody(is_true=True)))
    assert refused.value.code == code


# --- in files ---------------------------------------------------------------------------------------------------------

LATEX = r"\(\frac{a}{b} = \{1, 2\} \neq \nu\)"
BLOCK = r"\[ \left( x_1 \right) < \sqrt{y} \& z \]"


@pytest.mark.parametrize("kind", ["gift", "aiken", "csv", "moodle_xml", "qti12", "qti21", "qti22", "qti30", "spark"])
def test_a_formula_leaves_in_every_format_and_comes_back_whole(kind: WriteKind) -> None:
    right, wrong = Choice(f"It is {LATEX}", FULL_PPM), Choice(r"$$x^{2} > 0$$", 0)
    asked = Question("One", f"What is {LATEX} for {BLOCK} at $5?", ChoiceBody((right, wrong), is_multi=False))
    [entry] = read_back(kind, write_questions(kind, document_of(asked)).content).entries
    assert entry.question is not None
    assert entry.reason is None
    assert (entry.question.prompt, entry.question.body) == (asked.prompt, asked.body)


def test_moodle_gets_a_formula_in_html_for_it_draws_none_in_plain_text() -> None:
    right, wrong = Choice(r"\(a < b\)", FULL_PPM, "Since\n$$a$$"), Choice("no", 0)
    body = ChoiceBody((right, wrong), is_multi=False)
    asked = Question("One", "Is\n\\[ a\n& b \\]?", body, r"As \(c\) says")
    content = write_questions("moodle_xml", document_of(asked)).content.decode()
    assert content.count('format="html"') == 4
    assert "Is&lt;br&gt;\\[ a\n&amp;amp; b \\]?" in content
    assert read_back("moodle_xml", content.encode()).questions == (asked,)


def test_words_that_html_would_change_and_words_to_type_stay_plain_for_moodle() -> None:
    typed = ShortBody((ShortAnswer(r"\(a<b\)", FULL_PPM),))
    asked = Question("One", "Two  blanks, \n\n and \\(a\\)", typed)
    content = write_questions("moodle_xml", document_of(asked)).content
    assert b'format="html"' not in content
    assert read_back("moodle_xml", content).questions == (asked,)


@pytest.mark.parametrize("kind", ["qti21", "qti30"])
def test_players_of_qti_get_mathml_with_what_was_typed_beside_it(kind: WriteKind) -> None:
    asked = Question("One", r"Is \(x^2\) so, \(\mine\) not?", TrueFalseBody(is_true=True))
    packed = zipfile.ZipFile(io.BytesIO(write_questions(kind, document_of(asked)).content))
    written = packed.read("items/item1.xml").decode()
    assert '<math xmlns="http://www.w3.org/1998/Math/MathML" display="inline"><semantics><mrow>' in written
    assert r'encoding="application/x-tex">\(x^2\)</annotation></semantics></math> so, \(\mine\) not?' in written


def test_latex_beside_mathml_is_taken_as_it_was_written() -> None:
    noted = '<annotation encoding="application/x-tex">x^{\\prime}</annotation>'
    math = f'<math display="block"><semantics><msup><mi>x</mi><mo>′</mo></msup>{noted}</semantics></math>'
    for entry in (
        one("moodle_xml", moodle("shortanswer", f"<p>If {math} then?</p>", ANSWERED)),
        one("qti", qti2(f"<p>If {math} then?</p>{CHOICE}")),
    ):
        assert entry.question is not None
        assert entry.question.prompt.startswith(r"If \[x^{\prime}\] then?")


READERS: dict[ReadKind, Callable[[str], str]] = {
    "gift": lambda words: f"{words} {{T}}",
    "moodle_xml": lambda words: moodle("shortanswer", words, ANSWERED),
    "csv": lambda words: f"kind,prompt,answer_1\nshort,{words},x\n",
    "aiken": lambda words: f"{words}\nA. x\nB. y\nANSWER: A\n",
    "qti": lambda words: qti2(f"<p>{words}</p>{CHOICE}"),
}


@pytest.mark.parametrize("kind", READERS)
def test_every_reader_says_of_a_question_what_of_its_formulas_stays_as_typed(kind: ReadKind) -> None:
    entry = one(kind, READERS[kind](r"Is \(x\) or \(1+\mine\) right?"))
    assert entry.outcome == "partial"
    assert entry.reason == "The formula “\\(1+\\mine\\)” stays as it is typed: \\mine is not known."
    assert one(kind, READERS[kind](r"Is \(x\) right?")).reason is None


@pytest.mark.parametrize(
    ("mathml", "latex"),
    [
        ("<msup><mi>x</mi><mn>2</mn></msup><mo>≤</mo><mn>4</mn>", r"x^{2}\le 4"),
        ("<mfrac><mn>1</mn><mrow><mi>x</mi><mo>+</mo><mn>2</mn></mrow></mfrac>", r"\frac{1}{x+2}"),
        ("<mroot><mi>x</mi><mn>3</mn></mroot><msqrt><mn>5</mn></msqrt>", r"\sqrt[3]{x}\sqrt{5}"),
        ("<msubsup><mi>a</mi><mi>i</mi><mn>2</mn></msubsup><mi>sin</mi><mi>θ</mi>", r"a_{i}^{2}\sin θ"),
        ("<mover><mi>v</mi><mo>→</mo></mover><mtext>in m</mtext>", r"\vec{v}\text{in m}"),
        ("<mfenced open='[' close=')'><mn>0</mn><mn>1</mn></mfenced><mo>%</mo>", r"\left[0,1\right)\%"),
        ("<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr></mtable>", r"\begin{matrix}1 & 2\end{matrix}"),
    ],
)
def test_mathml_of_other_systems_is_kept_as_latex(mathml: str, latex: str) -> None:
    for entry in (
        one("moodle_xml", moodle("shortanswer", f"<p>If <math>{mathml}</math> then?</p>", ANSWERED)),
        one("qti", qti2(f"<p>If <math>{mathml}</math> then?</p>{CHOICE}")),
    ):
        assert entry.question is not None
        assert entry.question.prompt.startswith(f"If \\({latex}\\) then?")
        assert entry.reason is None


def test_mathml_that_no_latex_says_stays_in_a_line_and_is_told() -> None:
    odd = "<math><menclose><msup><mi>x</mi><mn>2</mn></msup></menclose></math>"
    entry = one("moodle_xml", moodle("shortanswer", f"<p>If {odd} then?</p>", ANSWERED))
    assert entry.question is not None
    assert entry.question.prompt == "If x² then?"
    assert entry.reason == "The layout of a formula was left out."


@pytest.mark.parametrize(
    "picture",
    [
        '<img class="equation_image" data-equation-content="x^{2}" src="/equation_images/y" alt="LaTeX: z">',
        '<img class="equation_image" src="/equation_images/x%255E%257B2%257D" alt="LaTeX: z">',
        '<img class="texrender" src="https://a.example/filter/tex/pix.php/0a.gif" alt="x^{2}">',
        '<img class="equation_image" alt="LaTeX: x^{2}">',
    ],
)
def test_a_formula_that_another_system_keeps_as_a_picture_is_its_latex(picture: str) -> None:
    entry = one("moodle_xml", moodle("shortanswer", f"<p>Solve {picture} now</p>", ANSWERED))
    assert entry.question is not None
    assert entry.question.prompt == "Solve \\(x^{2}\\) now"
    assert entry.reason is None


# --- on phones --------------------------------------------------------------------------------------------------------

UNKNOWN = r"\(\mine\)"


def asked() -> dict[str, Any]:
    choices = [
        {"text": r"\(Right^2\)", "weight_ppm": FULL_PPM, "feedback": r"Since \(Hush\)"},
        {"text": UNKNOWN, "weight_ppm": 0},
    ]
    body = {"kind": "choice", "is_multi": False, "choices": choices}
    return {"prompt": r"What is \[\frac{1}{2}\] at $5?", "body": body, "explanation": r"\(Hush+1\)"}


async def test_a_formula_is_drawn_for_staff_then_for_learners_and_what_explains_when_it_is_released(
    world: TestSchool,
) -> None:
    async with desk_of(world, "Otieno") as desk:
        draft = desk.write(asked())
        test_id = desk.put_together(draft)
        desk.publish(test_id)
        await desk.sync()
        shown = desk.draft(draft)["formulas"]
        assert set(shown) == {r"\[\frac{1}{2}\]", r"\(Right^2\)", UNKNOWN, r"\(Hush\)", r"\(Hush+1\)"}
        assert [typed for typed, mathml in shown.items() if not mathml] == [UNKNOWN]

        async with world.school.as_() as tx:  # As it was pinned before formulas were drawn.
            await tx.db.execute(text("update assessments_items set formulas = null"))
        desk.publish(test_id)
        await desk.sync()
    assert await world.school.value("select revision from assessments_assessments") == 1

    async with world.phone("Amina") as amina:
        await amina.sync()
        [item] = amina.all("assessments.items").values()
        assert set(item["formulas"]) == {r"\[\frac{1}{2}\]", r"\(Right^2\)"}
        attempt = await world.begin(amina, UUID(test_id))
        world.answer(amina, attempt, item["id"], option(item, r"\(Right^2\)"))
        world.submit(amina, attempt)
        await amina.sync()
        [mark] = (await world.marked(amina, attempt))["result"]["items"]
    assert set(mark["formulas"]) == {r"\(Hush\)", r"\(Hush+1\)"}
