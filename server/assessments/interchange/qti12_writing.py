"""QTI 1.2: writing, in the shape that Common Cartridges and most systems read."""

from decimal import Decimal

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
    ShortBody,
    TrueFalseBody,
)
from server.assessments.interchange.loss import Report, Unwritable, also_lost
from server.assessments.interchange.reading import Notes
from server.assessments.interchange.xml import Element, add, clean, to_bytes

NAMESPACE = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
PROFILES = {
    "mcq": "cc.multiple_choice.v0p1",
    "multi": "cc.multiple_response.v0p1",
    "true_false": "cc.true_false.v0p1",
    "short": "cc.fib.v0p1",
    "essay": "cc.essay.v0p1",
}


def write_qti12(document: QuestionDocument) -> tuple[bytes, QuestionDocument]:
    root = etree.Element("questestinterop", xmlns=NAMESPACE)
    test = add(root, "assessment", ident="assessment", title=document.title or "Test")
    section = add(test, "section", ident="root_section")
    report = Report()
    for question in document.questions:
        made = report.take(question, _written)
        if made is not None:
            made.set("ident", f"item{len(section) + 1}")
            section.append(made)
    return to_bytes(root), report.document


def _written(question: Question, notes: Notes) -> Element:
    root = etree.Element("item", title=clean(question.title))
    metadata = add(add(root, "itemmetadata"), "qtimetadata")
    presentation = add(root, "presentation")
    _material(presentation, question.prompt)
    processing = etree.Element("resprocessing")
    add(add(processing, "outcomes"), "decvar", maxvalue="100", minvalue="0", varname="SCORE", vartype="Decimal")
    profile = _body(root, presentation, processing, question.body, notes)
    for label, entry in (("cc_profile", PROFILES.get(profile, "")), ("points_possible", str(question.points))):
        if entry:
            field = add(metadata, "qtimetadatafield")
            add(field, "fieldlabel", label)
            add(field, "fieldentry", entry)
    if len(processing) > 1:
        root.insert(2, processing)
    if question.explanation:
        _feedback(root, "general_fb", question.explanation)
    also_lost(question, notes, tags=True)
    return root


def _material(parent: Element, words: str) -> None:
    add(add(parent, "material"), "mattext", words, texttype="text/plain")


def _feedback(root: Element, ident: str, words: str) -> None:
    _material(add(add(root, "itemfeedback", ident=ident), "flow_mat"), words)


def _body(  # noqa: PLR0911 - one a kind
    root: Element, presentation: Element, processing: Element, body: Body, notes: Notes
) -> str:
    """Add the answers and what is right; the name of the kind."""
    match body:
        case ChoiceBody():
            return _choice(root, presentation, processing, body)
        case TrueFalseBody(is_true=is_true):
            labels = _responses(presentation, "response", "Single", {"true": "True", "false": "False"})
            for ident in labels:
                is_right = (ident == "true") is is_true
                words = body.feedback_right if is_right else body.feedback_wrong
                _rule(root, processing, ident, FULL_PPM if is_right else 0, words)
            return "true_false"
        case ShortBody():
            return _short(root, presentation, processing, body, notes)
        case NumericBody():
            return _numbers(presentation, processing, body, notes)
        case MatchBody():
            return _match(presentation, processing, body)
        case OrderBody(things=things):
            names = [f"o{place}" for place in range(1, len(things) + 1)]
            _responses(presentation, "response", "Ordered", dict(zip(names, things, strict=True)))
            _scored(processing, [("response", name) for name in names], FULL_PPM)
            return "order"
        case ClozeBody():
            raise Unwritable("QTI 1.2 has no text with several gaps that others read")
        case OpenBody(asks=asks, guide=guide):
            if asks != "essay":
                notes.lose(f"a question of kind “{asks}” became an essay")
            if guide:
                notes.lose("the words for whoever marks it were left out")
            add(add(presentation, "response_str", ident="response", rcardinality="Single"), "render_fib")
            return "essay"


def _responses(
    presentation: Element, ident: str, cardinality: str, labels: dict[str, str], left: str = ""
) -> list[str]:
    response = add(presentation, "response_lid", ident=ident, rcardinality=cardinality)
    if left:
        _material(response, left)
    offered = add(response, "render_choice")
    for name, words in labels.items():
        _material(add(offered, "response_label", ident=name), words)
    return list(labels)


def _rule(root: Element, processing: Element, ident: str, share: int, feedback: str | None) -> None:
    """What choosing it brings, and what it shows."""
    if not share and not feedback:
        return
    made = _scored(processing, [("response", ident)], share)
    if feedback:
        add(made, "displayfeedback", feedbacktype="Response", linkrefid=f"{ident}_fb")
        _feedback(root, f"{ident}_fb", feedback)


def _scored(processing: Element, wanted: list[tuple[str, str]], share: int) -> Element:
    made = add(processing, "respcondition", continue_="Yes")
    condition = add(made, "conditionvar")
    for ident, words in wanted:
        add(condition, "varequal", words, respident=ident)
    if share:
        add(made, "setvar", f"{(Decimal(share) / 10_000).normalize():f}", action="Add", varname="SCORE")
    return made


def _choice(root: Element, presentation: Element, processing: Element, body: ChoiceBody) -> str:
    names = [f"c{place}" for place in range(1, len(body.choices) + 1)]
    texts = {name: choice.text for name, choice in zip(names, body.choices, strict=True)}
    _responses(presentation, "response", "Multiple" if body.is_multi else "Single", texts)
    for name, choice in zip(names, body.choices, strict=True):
        _rule(root, processing, name, choice.weight_ppm, choice.feedback)
    return "multi" if body.is_multi else "mcq"


def _short(root: Element, presentation: Element, processing: Element, body: ShortBody, notes: Notes) -> str:
    add(add(presentation, "response_str", ident="response", rcardinality="Single"), "render_fib")
    for place, answer in enumerate(body.answers, start=1):
        if "*" in answer.text.replace("\\*", ""):
            raise Unwritable("QTI has no answers with “*” for any characters")
        if answer.weight_ppm <= 0:
            notes.lose("answers without marks were left out")
            continue
        made = _scored(processing, [("response", answer.text.replace("\\*", "*"))], answer.weight_ppm)
        if answer.feedback:
            add(made, "displayfeedback", feedbacktype="Response", linkrefid=f"a{place}_fb")
            _feedback(root, f"a{place}_fb", answer.feedback)
    return "short"


def _numbers(presentation: Element, processing: Element, body: NumericBody, notes: Notes) -> str:
    add(add(presentation, "response_num", ident="response", rcardinality="Single"), "render_fib", fibtype="Decimal")
    for part in body.ranges:
        if part.feedback:
            notes.lose("feedback was left out")
        if part.weight_ppm <= 0:
            notes.lose("answers without marks were left out")
            continue
        made = _scored(processing, [], part.weight_ppm)
        bounds = add(made[0], "and")
        add(bounds, "vargte", str(part.low), respident="response")
        add(bounds, "varlte", str(part.high), respident="response")
    return "numeric"


def _match(presentation: Element, processing: Element, body: MatchBody) -> str:
    rights = list(dict.fromkeys([*(right for _, right in body.pairs), *body.distractors]))
    names = {text: f"r{place}" for place, text in enumerate(rights, start=1)}
    for place, (left, right) in enumerate(body.pairs, start=1):
        _responses(presentation, f"left{place}", "Single", {name: text for text, name in names.items()}, left)
        _scored(processing, [(f"left{place}", names[right])], FULL_PPM // len(body.pairs))
    return "match"
