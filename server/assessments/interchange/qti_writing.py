"""QTI 2.1, 2.2 and 3.0: writing. A zip of one file an item, a test that names them, and a manifest.

Items are made with version 2's names; version 3 is the same tree with its own.
"""

import io
import re
import zipfile
from decimal import Decimal
from functools import partial
from typing import Any, Literal

from lxml import etree

from server.assessments.interchange.document import (
    FULL_PPM,
    Body,
    ChoiceBody,
    ClozeBody,
    MatchBody,
    NumericBody,
    OpenBody,
    OrderBody,
    Question,
    QuestionDocument,
    ShortAnswer,
    ShortBody,
    TrueFalseBody,
)
from server.assessments.interchange.loss import Report, Unwritable, also_lost
from server.assessments.interchange.reading import Notes
from server.assessments.interchange.xml import Element, add, clean, to_bytes

QtiVersion = Literal["qti21", "qti22", "qti30"]

NAMESPACES = {
    "qti21": "http://www.imsglobal.org/xsd/imsqti_v2p1",
    "qti22": "http://www.imsglobal.org/xsd/imsqti_v2p2",
    "qti30": "http://www.imsglobal.org/xsd/imsqtiasi_v3p0",
}
TYPES = {"qti21": "imsqti_{}_xmlv2p1", "qti22": "imsqti_{}_xmlv2p2", "qti30": "imsqti_{}_xmlv3p0"}
MANIFEST_NAMESPACE = "http://www.imsglobal.org/xsd/imscp_v1p1"
GAP = "_____"

_HTML = frozenset({"p", "div", "span", "br"})
_MARK = re.compile(r"\[\[(\d{1,2})\]\]")
_MOMENT = (2026, 1, 1, 0, 0, 0)  # The same questions give the same bytes.


def write_qti(document: QuestionDocument, version: QtiVersion) -> tuple[bytes, QuestionDocument]:
    report = Report()
    out = io.BytesIO()
    names = []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for place, question in enumerate(document.questions, start=1):
            root = report.take(question, partial(_item, f"item{place}"))
            if root is not None:
                names.append(f"items/item{place}.xml")
                _put(packed, names[-1], _named(root, version))
        _put(packed, "test.xml", _named(_test(document.title or "Test", names), version))
        _put(packed, "imsmanifest.xml", _manifest(names, version))
    return out.getvalue(), report.document


def _put(packed: zipfile.ZipFile, name: str, root: Element) -> None:
    info = zipfile.ZipInfo(name, _MOMENT)
    info.compress_type = zipfile.ZIP_DEFLATED
    packed.writestr(info, to_bytes(root, is_indented=False))


def _named(root: Element, version: QtiVersion) -> Element:
    """The tree in the version's namespace, under the version's names."""
    space = NAMESPACES[version]
    own: Any = {None: space}  # Any: the stubs want a prefix.
    made = etree.Element(f"{{{space}}}{_tag(str(root.tag), version)}", nsmap=own)
    stack = [(root, made)]
    while stack:
        source, target = stack.pop()
        target.text, target.tail = source.text, source.tail
        for key, value in source.attrib.items():
            target.set(_kebab(str(key)) if version == "qti30" and source.tag not in _HTML else str(key), str(value))
        stack += [(one, etree.SubElement(target, f"{{{space}}}{_tag(str(one.tag), version)}")) for one in source]
    return made


def _tag(tag: str, version: QtiVersion) -> str:
    return tag if version != "qti30" or tag in _HTML else f"qti-{_kebab(tag)}"


def _kebab(words: str) -> str:
    return re.sub(r"[A-Z]", lambda hit: "-" + hit.group().lower(), words)


def _test(title: str, names: list[str]) -> Element:
    root = etree.Element("assessmentTest", identifier="test", title=clean(title))
    section = add(
        add(root, "testPart", identifier="part", navigationMode="nonlinear", submissionMode="simultaneous"),
        "assessmentSection",
        identifier="section",
        title=title,
        visible="true",
    )
    for place, name in enumerate(names, start=1):
        add(section, "assessmentItemRef", identifier=f"ref{place}", href=name)
    return root


def _manifest(names: list[str], version: QtiVersion) -> Element:
    own: Any = {None: MANIFEST_NAMESPACE}  # As above.
    root = etree.Element(f"{{{MANIFEST_NAMESPACE}}}manifest", nsmap=own, identifier="manifest")
    for part in ("metadata", "organizations"):
        etree.SubElement(root, f"{{{MANIFEST_NAMESPACE}}}{part}")
    resources = etree.SubElement(root, f"{{{MANIFEST_NAMESPACE}}}resources")
    for name in ("test.xml", *names):
        kind = TYPES[version].format("test" if name == "test.xml" else "item")
        ident = name.removesuffix(".xml").replace("/", "-")
        one = etree.SubElement(resources, f"{{{MANIFEST_NAMESPACE}}}resource", identifier=ident, type=kind, href=name)
        etree.SubElement(one, f"{{{MANIFEST_NAMESPACE}}}file", href=name)
    return root


# --- items ----------------------------------------------------------------------------------------------------------


def _item(ident: str, question: Question, notes: Notes) -> Element:
    also_lost(question, notes)
    root = etree.Element(
        "assessmentItem", identifier=ident, title=clean(question.title), adaptive="false", timeDependent="false"
    )
    if question.tags:
        if any(";" in tag for tag in question.tags):
            notes.lose("a tag with a semicolon became two")
        root.set("label", clean("; ".join(question.tags)))
    body = etree.Element("itemBody")
    _write(root, body, question, notes)
    add(
        root,
        "outcomeDeclaration",
        identifier="SCORE",
        cardinality="single",
        baseType="float",
        normalMaximum=str(question.points),
    )
    root.append(body)
    _processing(root, question.body)
    for name, words in _feedbacks(question):
        made = add(root, "modalFeedback", outcomeIdentifier="FEEDBACK", identifier=name, showHide="show")
        _paragraphs(made, words, notes)
    return root


def _write(root: Element, body: Element, question: Question, notes: Notes) -> None:
    asked = question.body
    if isinstance(asked, ClozeBody):
        _cloze(root, body, question.prompt, asked, notes)
        return
    if isinstance(asked, (ShortBody, NumericBody)):
        _typed(root, body, question.prompt, asked, notes)
        return
    _paragraphs(body, question.prompt, notes)
    match asked:
        case ChoiceBody():
            _choice(root, body, asked, notes)
        case TrueFalseBody(is_true=is_true):
            _declare(root, "RESPONSE", "identifier", "single", [str(is_true).lower()])
            made = add(body, "choiceInteraction", responseIdentifier="RESPONSE", maxChoices="1", shuffle="false")
            for truth in ("true", "false"):
                add(made, "simpleChoice", truth.capitalize(), identifier=truth)
        case MatchBody():
            _match(root, body, asked, notes)
        case OrderBody(things=things):
            names = [f"o{place}" for place in range(1, len(things) + 1)]
            _declare(root, "RESPONSE", "identifier", "ordered", names)
            made = add(body, "orderInteraction", responseIdentifier="RESPONSE", shuffle="true")
            for name, thing in zip(names, things, strict=True):
                _line(add(made, "simpleChoice", identifier=name), thing, notes)
        case OpenBody(asks=asks, guide=guide):
            if asks != "essay":
                notes.lose(f"a question of kind “{asks}” became an essay")
            if guide:
                _paragraphs(add(body, "rubricBlock", view="scorer"), guide, notes)
            _declare(root, "RESPONSE", "string", "single", [])
            add(body, "extendedTextInteraction", responseIdentifier="RESPONSE")


def _paragraphs(parent: Element, words: str, notes: Notes) -> None:
    _note_blanks(words, notes)
    for line in words.split("\n"):
        if line.strip():
            add(parent, "p", line)


def _line(parent: Element, words: str, notes: Notes) -> None:
    """Inside a choice: breaks between lines."""
    _note_blanks(words, notes)
    lines = [line for line in words.split("\n") if line.strip()]
    parent.text = clean(lines[0]) if lines else ""
    for line in lines[1:]:
        add(parent, "br").tail = clean(line)


def _note_blanks(words: str, notes: Notes) -> None:
    lines = [" ".join(line.split()) for line in words.split("\n")]
    if "\n".join(line for line in lines if line) != words:
        notes.lose("empty lines and runs of blanks were left out")


def _declare(
    root: Element, ident: str, base: str, cardinality: str, right: list[str], marks: dict[str, int] | None = None
) -> None:
    made = add(root, "responseDeclaration", identifier=ident, cardinality=cardinality, baseType=base)
    if right:
        values = add(made, "correctResponse")
        for value in right:
            add(values, "value", value)
    if marks:
        mapping = add(made, "mapping", defaultValue="0")
        for key, share in marks.items():
            add(mapping, "mapEntry", mapKey=key, mappedValue=f"{(Decimal(share) / FULL_PPM).normalize():f}")


def _choice(root: Element, body: Element, asked: ChoiceBody, notes: Notes) -> None:
    names = [f"c{place}" for place in range(1, len(asked.choices) + 1)]
    marks = {name: choice.weight_ppm for name, choice in zip(names, asked.choices, strict=True) if choice.weight_ppm}
    right = [name for name, share in marks.items() if (share > 0 if asked.is_multi else share == FULL_PPM)]
    if asked.is_multi and sum(share for share in marks.values() if share > 0) != FULL_PPM:
        notes.lose("marks were scaled so that the right answers make a whole")
    _declare(
        root,
        "RESPONSE",
        "identifier",
        "multiple" if asked.is_multi else "single",
        right if asked.is_multi else right[:1],
        marks,
    )
    most = "0" if asked.is_multi else "1"
    made = add(body, "choiceInteraction", responseIdentifier="RESPONSE", maxChoices=most, shuffle="true")
    for name, choice in zip(names, asked.choices, strict=True):
        option = add(made, "simpleChoice", identifier=name)
        _line(option, choice.text, notes)
        if choice.feedback:
            feedback = add(option, "feedbackInline", outcomeIdentifier="FEEDBACK", identifier=name, showHide="show")
            _line(feedback, choice.feedback, notes)


def _match(root: Element, body: Element, asked: MatchBody, notes: Notes) -> None:
    rights = list(dict.fromkeys([*(right for _, right in asked.pairs), *asked.distractors]))
    names = {text: f"r{place}" for place, text in enumerate(rights, start=1)}
    pairs = [f"l{place} {names[right]}" for place, (_, right) in enumerate(asked.pairs, start=1)]
    _declare(root, "RESPONSE", "directedPair", "multiple", pairs, dict.fromkeys(pairs, FULL_PPM // len(pairs)))
    made = add(body, "matchInteraction", responseIdentifier="RESPONSE", maxAssociations="0", shuffle="true")
    left_set, right_set = add(made, "simpleMatchSet"), add(made, "simpleMatchSet")
    for place, (left, _) in enumerate(asked.pairs, start=1):
        _line(add(left_set, "simpleAssociableChoice", identifier=f"l{place}", matchMax="1"), left, notes)
    for text, name in names.items():
        _line(add(right_set, "simpleAssociableChoice", identifier=name, matchMax="0"), text, notes)


def _typed(root: Element, body: Element, prompt: str, asked: ShortBody | NumericBody, notes: Notes) -> None:
    if isinstance(asked, ShortBody):
        _declare_texts(root, "RESPONSE", asked.answers, notes)
    else:
        _declare_numbers(root, asked, notes)
    if any(one.feedback for one in (asked.answers if isinstance(asked, ShortBody) else asked.ranges)):
        notes.lose("feedback was left out")
    before, gap, after = prompt.partition(GAP)
    if gap and before.strip() and not after.strip():
        notes.lose("the line for the answer stands behind the text")
    _note_blanks(prompt, notes)
    lines = [line for line in before.split("\n") if line.strip()] or [""]
    for line in lines[:-1]:
        add(body, "p", line)
    if not gap:
        add(body, "p", lines[-1])
        add(add(body, "p"), "textEntryInteraction", responseIdentifier="RESPONSE")
        return
    made = add(body, "p", lines[-1])
    first, *rest = after.split("\n")
    add(made, "textEntryInteraction", responseIdentifier="RESPONSE").tail = clean(first)
    for line in rest:
        if line.strip():
            add(body, "p", line)


def _declare_texts(root: Element, ident: str, answers: tuple[ShortAnswer, ...], notes: Notes) -> None:
    texts: dict[str, int] = {}
    for answer in answers:
        if "*" in answer.text.replace("\\*", ""):
            raise Unwritable("QTI has no answers with “*” for any characters")
        words = answer.text.replace("\\*", "*")
        if " ".join(words.split()) != words:
            notes.lose("line ends and runs of blanks in an answer were left out")
        words = " ".join(words.split())
        texts[words] = max(answer.weight_ppm, texts.get(words, -FULL_PPM))
    if len(texts) != len(answers):
        notes.lose("an answer that stood twice was kept once")
    right = [text for text, share in texts.items() if share == FULL_PPM]
    _declare(root, ident, "string", "single", right[:1], texts)


def _declare_numbers(root: Element, asked: NumericBody, notes: Notes) -> None:
    margins = {(part.high - part.low) / 2 for part in asked.ranges}
    if len(margins) > 1:
        raise Unwritable("QTI has one margin for all right numbers")
    marks: dict[str, int] = {}
    for part in asked.ranges:
        centre = str(part.low + (part.high - part.low) / 2)
        marks[centre] = max(part.weight_ppm, marks.get(centre, -FULL_PPM))
    if len(marks) != len(asked.ranges):
        notes.lose("a number that stood twice was kept once")
    right = [text for text, share in marks.items() if share == FULL_PPM]
    _declare(root, "RESPONSE", "float", "single", right[:1], marks)


def _cloze(root: Element, body: Element, prompt: str, asked: ClozeBody, notes: Notes) -> None:
    _note_blanks(prompt, notes)
    for line in prompt.split("\n"):
        if not line.strip():
            continue
        parts = _MARK.split(line)
        made = add(body, "p", parts[0])
        for place, tail in zip(parts[1::2], parts[2::2], strict=True):
            _gap(root, made, int(place), asked, notes).tail = clean(tail)


def _gap(root: Element, line: Element, place: int, asked: ClozeBody, notes: Notes) -> Element:
    gap, ident = asked.gaps[place - 1], f"RESPONSE{place}"
    if any(answer.feedback for answer in gap.answers):
        notes.lose("the feedback of gaps was left out")
    if not gap.is_menu:
        if len(asked.gaps) == 1:
            notes.lose("a text with one gap became a short answer")
        _declare_texts(root, ident, gap.answers, notes)
        return add(line, "textEntryInteraction", responseIdentifier=ident)
    names = [f"g{place}c{index}" for index in range(1, len(gap.answers) + 1)]
    marks = {name: answer.weight_ppm for name, answer in zip(names, gap.answers, strict=True) if answer.weight_ppm}
    _declare(
        root, ident, "identifier", "single", [name for name, share in marks.items() if share == FULL_PPM][:1], marks
    )
    made = add(line, "inlineChoiceInteraction", responseIdentifier=ident, shuffle="true")
    for name, answer in zip(names, gap.answers, strict=True):
        if " ".join(answer.text.split()) != answer.text:
            notes.lose("line ends and runs of blanks in an answer were left out")
        add(made, "inlineChoice", answer.text, identifier=name)
    return made


def _processing(root: Element, body: Body) -> None:
    """A margin is a comparison of its own; all else is what the declarations map."""
    made = add(root, "responseProcessing")
    margin = (
        (body.ranges[0].high - body.ranges[0].low) / 2 if isinstance(body, NumericBody) and body.ranges else Decimal(0)
    )
    if margin:
        branch = add(add(made, "responseCondition"), "responseIf")
        equal = add(branch, "equal", toleranceMode="absolute", tolerance=f"{margin} {margin}")
        add(equal, "variable", identifier="RESPONSE")
        add(equal, "correct", identifier="RESPONSE")
        add(add(branch, "setOutcomeValue", identifier="SCORE"), "baseValue", "1", baseType="float")
        return
    for place in range(1, len(body.gaps) + 1) if isinstance(body, ClozeBody) else ():
        add(add(made, "setOutcomeValue", identifier=f"SCORE{place}"), "mapResponse", identifier=f"RESPONSE{place}")
    if not isinstance(body, (ClozeBody, OpenBody, OrderBody, TrueFalseBody)):
        add(add(made, "setOutcomeValue", identifier="SCORE"), "mapResponse", identifier="RESPONSE")
    if isinstance(body, (OrderBody, TrueFalseBody)):
        branch = add(add(made, "responseCondition"), "responseIf")
        equal = add(branch, "match")
        add(equal, "variable", identifier="RESPONSE")
        add(equal, "correct", identifier="RESPONSE")
        add(add(branch, "setOutcomeValue", identifier="SCORE"), "baseValue", "1", baseType="float")


def _feedbacks(question: Question) -> list[tuple[str, str]]:
    found = []
    if isinstance(question.body, TrueFalseBody):
        right, wrong = ("true", "false") if question.body.is_true else ("false", "true")
        pairs = ((right, question.body.feedback_right), (wrong, question.body.feedback_wrong))
        found += [(name, words) for name, words in pairs if words]
    if question.explanation:
        found.append(("explanation", question.explanation))
    return found
