"""QTI 1.2 as Common Cartridges carry it (and Canvas, Blackboard, old Moodles write it): reading.

Source: https://www.imsglobal.org/question/qtiv1p2/imsqti_asi_bindv1p2.html and the profile of it for cartridges. A file
may hold several assessments or a bank; all of its items are read.
"""

from dataclasses import dataclass, field

from server.assessments.interchange.checking import checked
from server.assessments.interchange.document import (
    ANSWERS_MAX,
    FULL_PPM,
    POINTS_MAX,
    PROMPT_LENGTH_MAX,
    Body,
    Choice,
    ChoiceBody,
    Entry,
    MatchBody,
    NumericBody,
    NumericRange,
    OpenBody,
    OrderBody,
    Question,
    QuestionDocument,
    ShortAnswer,
    ShortBody,
    TrueFalseBody,
)
from server.assessments.interchange.reading import Fault, Notes, Skipped, entry_of, number, shown_of
from server.assessments.interchange.refusals import NotThisFormat, check_count
from server.assessments.interchange.xml import (
    Element,
    attribute,
    child,
    children,
    line_of,
    name,
    parse_xml,
    text_at,
    within,
)

KINDS = {
    "cc.multiple_choice.v0p1": "mcq",
    "multiple_choice_question": "mcq",
    "cc.multiple_response.v0p1": "multi",
    "multiple_answers_question": "multi",
    "cc.true_false.v0p1": "true_false",
    "true_false_question": "true_false",
    "cc.fib.v0p1": "short",
    "short_answer_question": "short",
    "cc.pattern_match.v0p1": "short",
    "cc.essay.v0p1": "essay",
    "essay_question": "essay",
    "numerical_question": "numeric",
    "matching_question": "match",
    "text_only_question": "text",
}


def read_qti12(content: bytes) -> QuestionDocument:
    """Raises: what `parse_xml` raises; NotThisFormat, TooManyQuestions."""
    root = parse_xml(content)
    if name(root) != "questestinterop":
        raise NotThisFormat("The file is XML, but not QTI 1.2: it has no <questestinterop>.")
    items = [one for one in within(root, "item") if not any(name(above) == "item" for above in one.iterancestors())]
    check_count(len(items))
    test = child(root, "assessment")
    title = "" if test is None else attribute(test, "title")
    return QuestionDocument(tuple(_entry(item) for item in items), shown_title(title))


def shown_title(title: str) -> str | None:
    return " ".join(title.split())[:255] or None


def _entry(item: Element) -> Entry:
    line = line_of(item)
    title = shown_of(attribute(item, "title")) or f"line {line}"
    where = attribute(item, "ident")[:100]
    return entry_of(
        lambda notes: _question(item, notes), line=line, shown=title, where=f"line {line} ({where})" if where else ""
    )


@dataclass(frozen=True)
class _Rule:
    """One condition: which answers it wants, which it does not, what it sets and what it shows."""

    wanted: tuple[tuple[str, str], ...]  # (the response's id, the answer)
    unwanted: tuple[str, ...]
    bounds: dict[str, str]  # vargte, varlte …
    score: str | None
    shown: tuple[str, ...]
    is_catch_all: bool
    is_substring: bool


@dataclass
class _Item:
    element: Element
    notes: Notes
    rules: list[_Rule]
    score_max: float
    feedback: dict[str, str] = field(default_factory=dict)

    def feedback_of(self, answer: str) -> str | None:
        """For the one answer, by a rule that wants just it."""
        for rule in self.rules:
            if [text for _, text in rule.wanted] == [answer] and not rule.unwanted:
                for ident in rule.shown:
                    if ident not in ("correct", "general_fb", "general_incorrect_fb") and self.feedback.get(ident):
                        return self.feedback[ident]
        return None


def _question(element: Element, notes: Notes) -> Question:
    presentation = child(element, "presentation")
    if presentation is None:
        raise Fault("it has no presentation")
    item = _Item(element, notes, [_rule(one) for one in within(element, "respcondition")], _score_max(element))
    for one in within(element, "itemfeedback"):
        item.feedback[attribute(one, "ident")] = _material(one, notes, length_max=PROMPT_LENGTH_MAX)
    prompt = _prompt(presentation, notes)
    body = _body(item, presentation)
    general = [item.feedback.get(name_, "") for name_ in ("general_fb", "solution", "correct")]
    title = notes.title(attribute(element, "title"))
    return checked(
        Question(
            title if title and title.lower() != "question" else shown_of(prompt),
            prompt,
            body,
            next((words for words in general if words), None),
            points=_points(element),
        )
    )


def _metadata(element: Element, *labels: str) -> str:
    for one in within(element, "qtimetadatafield"):
        if text_at(one, "fieldlabel").strip() in labels:
            return text_at(one, "fieldentry").strip()
    return ""


def _points(element: Element) -> int:
    written = _metadata(element, "points_possible", "cc_weighting", "qmd_weighting")
    if not written:
        return 1
    return min(max(int(number(written)), 1), POINTS_MAX)


def _score_max(element: Element) -> float:
    declared = [attribute(one, "maxvalue") for one in within(element, "decvar")]
    return max((float(number(one)) for one in declared if one), default=100.0) or 100.0


def _prompt(presentation: Element, notes: Notes) -> str:
    """All that stands before the answers: materials that belong to no answer and no response of a match."""
    inside = {
        one for part in within(presentation, "render_choice", "render_fib", "render_extension") for one in part.iter()
    }
    responses = within(presentation, "response_lid")
    if len(responses) > 1:  # Each asks for its own left side.
        inside |= {one for part in responses for one in part.iter()}
    parts = [_texts(one, notes, PROMPT_LENGTH_MAX) for one in within(presentation, "material") if one not in inside]
    return notes.plain("\n".join(part for part in parts if part), length_max=PROMPT_LENGTH_MAX)


def _material(element: Element, notes: Notes, *, length_max: int = 2_000) -> str:
    parts = [_texts(one, notes, length_max) for one in within(element, "material")]
    return notes.plain("\n".join(part for part in parts if part), length_max=length_max)


def _texts(material: Element, notes: Notes, length_max: int) -> str:
    parts = []
    for one in material.iter():
        label = name(one)
        if label == "mattext":
            source = "".join(str(part) for part in one.itertext())
            read = {"text/html": notes.html, "text/xhtml": notes.html, "text/plain": notes.plain}
            markup = attribute(one, "texttype").lower()
            parts.append(read.get(markup, notes.either)(source, length_max=length_max))
        elif label in ("matimage", "mataudio", "matvideo", "matapplet", "matapplication"):
            notes.lose(
                {"matimage": "a picture", "mataudio": "a sound", "matvideo": "a film"}.get(label, "a program")
                + " was left out"
            )
    return "\n".join(part for part in parts if part)


def _rule(element: Element) -> _Rule:
    wanted, unwanted, bounds = [], [], {}
    is_substring = False
    for one in within(child(element, "conditionvar"), "varequal", "varsubstring", "vargte", "vargt", "varlte", "varlt"):
        words = (one.text or "").strip()
        is_not = any(name(above) == "not" for above in one.iterancestors("{*}not"))
        if name(one) in ("varequal", "varsubstring"):
            is_substring = is_substring or name(one) == "varsubstring"
            if is_not:
                unwanted.append(words)
            else:
                wanted.append((attribute(one, "respident"), words))
        else:
            bounds[name(one)] = words
    score = next(
        (
            ("-" if attribute(one, "action").lower() == "subtract" else "") + (one.text or "0").strip()
            for one in children(element, "setvar")
            if attribute(one, "varname").upper() in ("SCORE", "", "QUE_SCORE")
        ),
        None,
    )
    shown = tuple(attribute(one, "linkrefid") for one in children(element, "displayfeedback"))
    is_catch_all = bool(within(child(element, "conditionvar"), "other"))
    return _Rule(tuple(wanted), tuple(unwanted), bounds, score, shown, is_catch_all, is_substring)


def _share(item: _Item, rule: _Rule) -> int:
    points = float(number(rule.score or "0"))
    return max(-FULL_PPM, min(FULL_PPM, round(points / item.score_max * FULL_PPM)))


# --- the kinds ------------------------------------------------------------------------------------------------------


def _body(item: _Item, presentation: Element) -> Body:
    choices = within(presentation, "response_lid")
    texts = within(presentation, "response_str", "response_num")
    kind = KINDS.get(_metadata(item.element, "cc_profile", "question_type"), "")
    if kind == "text":
        raise Skipped("a text without answers is not a question")
    if within(presentation, "response_xy", "response_grp"):
        raise Skipped("pointing at pictures and dragging are not taken")
    if kind == "essay" or (not choices and texts and not any(rule.wanted or rule.bounds for rule in item.rules)):
        return OpenBody("essay")
    if len(choices) > 1 and not texts:
        return _match(item, choices)
    if len(choices) == 1 and not texts:
        return _choice(item, choices[0])
    if len(texts) == 1 and not choices:
        return _typed(item)
    raise Skipped(
        "questions of several parts are not taken" if choices or texts else "it asks for nothing that we know"
    )


def _labels(response: Element, notes: Notes) -> dict[str, str]:
    labels = {attribute(one, "ident"): _material(one, notes) for one in within(response, "response_label")}
    if len(labels) > ANSWERS_MAX:
        raise Fault(f"it has {len(labels)} answers; at most {ANSWERS_MAX} are taken")
    return labels


def _choice(item: _Item, response: Element) -> Body:
    labels = _labels(response, item.notes)
    cardinality = attribute(response, "rcardinality").lower()
    if cardinality == "ordered":
        best = max(item.rules, key=lambda rule: _share(item, rule), default=None)
        order = [labels[ident] for _, ident in best.wanted if ident in labels] if best else []
        return OrderBody(tuple(order))
    scores = _scores_multi(item, labels) if cardinality == "multiple" else _scores_single(item, labels)
    if cardinality != "multiple" and _is_true_false(labels):
        truth = {text.strip().lower(): ident for ident, text in labels.items()}
        is_true = scores[truth["true"]] > scores[truth["false"]]
        right, wrong = (truth["true"], truth["false"]) if is_true else (truth["false"], truth["true"])
        return TrueFalseBody(is_true, item.feedback_of(wrong), item.feedback_of(right))
    choices = tuple(Choice(text, scores[ident], item.feedback_of(ident)) for ident, text in labels.items())
    return ChoiceBody(choices, is_multi=cardinality == "multiple")


def _is_true_false(labels: dict[str, str]) -> bool:
    return {text.strip().lower() for text in labels.values()} == {"true", "false"}


def _scores_single(item: _Item, labels: dict[str, str]) -> dict[str, int]:
    scores = dict.fromkeys(labels, 0)
    for rule in item.rules:
        if rule.score is not None:
            for _, ident in rule.wanted:
                if ident in scores:
                    scores[ident] = max(scores[ident], _share(item, rule), key=abs)
    return scores


def _scores_multi(item: _Item, labels: dict[str, str]) -> dict[str, int]:
    """All or nothing becomes equal shares; a file that scores each answer keeps its marks."""
    single = [rule for rule in item.rules if rule.score is not None and len(rule.wanted) == 1 and not rule.unwanted]
    whole = [rule for rule in item.rules if rule.score is not None and (len(rule.wanted) > 1 or rule.unwanted)]
    if single and not whole:
        return _scores_single(item, labels)
    if not whole:
        return dict.fromkeys(labels, 0)
    right = [ident for _, ident in max(whole, key=lambda rule: _share(item, rule)).wanted if ident in labels]
    if len(right) > 1:
        item.notes.lose("all or nothing became a part of the mark for each right answer")
    share = FULL_PPM // max(len(right), 1)
    over = FULL_PPM - share * len(right)
    return {ident: (share + (over if ident == right[0] else 0) if ident in right else 0) for ident in labels}


def _match(item: _Item, responses: list[Element]) -> Body:
    pairs: list[tuple[str, str]] = []
    offered: dict[str, None] = {}
    for response in responses:
        labels = _labels(response, item.notes)
        offered |= dict.fromkeys(labels.values())
        ident = attribute(response, "ident")
        inside = {one for part in within(response, "render_choice", "render_extension") for one in part.iter()}
        materials = [one for one in within(response, "material") if one not in inside]
        left = "\n".join(_texts(one, item.notes, 2_000) for one in materials).strip()
        right = [answer for rule in item.rules if rule.score for given, answer in rule.wanted if given == ident]
        if not right or right[0] not in labels:
            raise Fault(f"it does not say what belongs to “{left[:40]}”")
        pairs.append((left, labels[right[0]]))
    rights = {right for _, right in pairs}
    return MatchBody(tuple(pairs), tuple(text for text in offered if text not in rights))


def _typed(item: _Item) -> Body:
    scored = [rule for rule in item.rules if rule.score is not None and _share(item, rule) > 0]
    if any(rule.bounds for rule in scored):
        return NumericBody(tuple(_range(item, rule) for rule in scored))
    answers: dict[str, ShortAnswer] = {}
    for rule in scored:
        for _, words in rule.wanted:
            escaped = item.notes.plain(words).replace("*", "\\*")
            text = f"*{escaped}*" if rule.is_substring else escaped
            answers.setdefault(text, ShortAnswer(text, _share(item, rule), item.feedback_of(words)))
    return ShortBody(tuple(answers.values())[:ANSWERS_MAX])


def _range(item: _Item, rule: _Rule) -> NumericRange:
    low, high = rule.bounds.get("vargte", rule.bounds.get("vargt")), rule.bounds.get("varlte", rule.bounds.get("varlt"))
    if rule.wanted and low is None and high is None:
        low = high = rule.wanted[0][1]
    if low is None or high is None:
        raise Fault("a range of numbers has one end only")
    if "vargt" in rule.bounds or "varlt" in rule.bounds:
        item.notes.lose("the ends of a range belong to it here")
    return NumericRange(number(low), number(high), _share(item, rule))
