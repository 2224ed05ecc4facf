"""Moodle XML: reading. Source: https://docs.moodle.org/en/Moodle_XML_format."""

import base64
import binascii
from functools import partial
from urllib.parse import unquote

from server.assessments.interchange.checking import checked
from server.assessments.interchange.document import (
    ANSWERS_MAX,
    CATEGORY_LENGTH_MAX,
    FULL_PPM,
    POINTS_MAX,
    PROMPT_LENGTH_MAX,
    TAG_LENGTH_MAX,
    TAGS_MAX,
    TEXT_LENGTH_MAX,
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
from server.assessments.interchange.moodle_gaps import chosen_words, cloze_of
from server.assessments.interchange.reading import (
    GENERAL_LOST,
    Fault,
    Notes,
    Skipped,
    entry_of,
    number,
    shown_of,
    with_general,
)
from server.assessments.interchange.refusals import PICTURED_BYTES_MAX, NotThisFormat, check_count
from server.assessments.interchange.xml import Element, attribute, child, children, line_of, name, parse_xml, text_at

_NO_QUESTION = {"category", ""}


def read_moodle_xml(content: bytes) -> QuestionDocument:
    """Raises: what `parse_xml` raises; NotThisFormat, TooManyQuestions."""
    root = parse_xml(content, bytes_max=PICTURED_BYTES_MAX)
    if name(root) != "quiz":
        raise NotThisFormat("The file is XML, but not of Moodle: it has no <quiz>.")
    entries: list[Entry] = []
    category: str | None = None
    for element in children(root, "question"):
        if attribute(element, "type") == "category":
            category = _category(text_at(element, "category", "text"))
            continue
        check_count(len(entries) + 1)
        entries.append(_entry(element, category))
    return QuestionDocument(tuple(entries))


def _category(path: str) -> str | None:
    parts = [part.strip() for part in path.replace("//", "\0").split("/")]
    words = "/".join(part.replace("\0", "/") for part in parts if part not in ("", "$course$", "top", "$system$"))
    return words[:CATEGORY_LENGTH_MAX] or None


def _entry(element: Element, category: str | None) -> Entry:
    line = line_of(element)
    title = shown_of(text_at(element, "name", "text"))
    return entry_of(lambda notes: _question(element, category, notes), line=line, shown=title or f"line {line}")


def _question(element: Element, category: str | None, notes: Notes) -> Question:
    kind = attribute(element, "type")
    if kind not in _READERS:
        raise Skipped(_WHY.get(kind, f"questions of Moodle's kind “{kind[:40]}” are not taken"))
    prompt = _words(child(element, "questiontext"), notes, length_max=PROMPT_LENGTH_MAX, shows=True)
    prompt = "\n".join(part for part in (prompt, _old_image(element, notes)) if part)
    if kind in ("cloze", "gapselect", "ddwtos"):
        prompt, gapped = cloze_of(prompt, notes) if kind == "cloze" else chosen_words(element, prompt, notes)
        body: Body = gapped
    else:
        body = _READERS[kind](element, notes)
    explanation = _words(child(element, "generalfeedback"), notes, length_max=PROMPT_LENGTH_MAX)
    tags = [notes.plain(text_at(tag, "text")) for tag in children(child(element, "tags"), "tag")]
    if children(element, "hint"):
        notes.lose("hints were left out")
    return checked(
        Question(
            notes.title(text_at(element, "name", "text")) or shown_of(prompt),
            prompt,
            body,
            explanation or None,
            category,
            tuple(tag[:TAG_LENGTH_MAX] for tag in tags if tag)[:TAGS_MAX],
            _points(text_at(element, "defaultgrade"), notes),
        )
    )


_WHY = {
    "description": "a description without answers is not a question",
    "calculated": "numbers that are drawn by chance are not taken",
    "calculatedsimple": "numbers that are drawn by chance are not taken",
    "calculatedmulti": "numbers that are drawn by chance are not taken",
    "random": "questions that are drawn by chance are not taken",
    "ddimageortext": "dragging onto a picture is not taken",
    "ddmarker": "dragging onto a picture is not taken",
}


def _points(written: str, notes: Notes) -> int:
    if not written.strip():
        return 1
    points = number(written)
    whole = min(max(int(points), 1), POINTS_MAX)
    if whole != points:
        notes.lose(f"the default mark {written.strip()[:20]} became {whole}")
    return whole


def _words(element: Element | None, notes: Notes, *, length_max: int = TEXT_LENGTH_MAX, shows: bool = False) -> str:
    """A text in the format that its element names, with the pictures that lie beside it where it `shows` any."""
    if element is None:
        return ""
    notes.files = partial(_file_in, element)
    source, markup = text_at(element, "text"), attribute(element, "format")
    if markup == "markdown" and source.strip():
        notes.lose("Markdown marks are shown as they are written")
    if markup == "html":
        return notes.html(source, length_max=length_max, shows=shows)
    if markup in ("moodle_auto_format", ""):
        return notes.either(source, length_max=length_max, shows=shows)
    return notes.plain(source, length_max=length_max)


def _file_in(element: Element, src: str) -> bytes | None:
    """`@@PLUGINFILE@@/…` names a `<file>` beside the text."""
    wanted = unquote(src.partition("?")[0]).removeprefix("@@PLUGINFILE@@").strip("/")
    for one in children(element, "file"):
        path = f"{attribute(one, 'path').strip('/')}/{attribute(one, 'name')}".lstrip("/")
        if wanted in (path, attribute(one, "name")) and attribute(one, "encoding") in ("base64", ""):
            return _unpacked(one.text)
    return None


def _unpacked(words: str | None) -> bytes | None:
    try:
        return base64.b64decode(words or "", validate=False) or None
    except (binascii.Error, ValueError):
        return None


def _old_image(element: Element, notes: Notes) -> str:
    """Moodle 1.9 kept one picture a question, under the text."""
    content = _unpacked(text_at(element, "image_base64"))
    name = text_at(element, "image").strip()
    if not name and content is None:
        return ""
    notes.files = lambda _src: content
    return notes.show(name or "image", "")


def _answers(element: Element) -> list[Element]:
    found = children(element, "answer")
    if len(found) > ANSWERS_MAX:
        raise Fault(f"it has {len(found)} answers; at most {ANSWERS_MAX} are taken")
    return found


def _weight(answer: Element) -> int:
    written = attribute(answer, "fraction") or "0"
    percent = number(written)
    if abs(percent) > 100:
        raise Fault(f"the fraction {written[:20]} is not between −100 and 100")
    return int((percent * 10_000).to_integral_value())


def _feedback(element: Element, notes: Notes) -> str | None:
    return _words(child(element, "feedback"), notes) or None


# --- the kinds ------------------------------------------------------------------------------------------------------


def _multichoice(element: Element, notes: Notes) -> Body:
    choices = tuple(
        Choice(_words(one, notes, shows=True) or _bare(one, notes), _weight(one), _feedback(one, notes))
        for one in _answers(element)
    )
    right, partly, wrong = (
        _own_words(element, part, notes)
        for part in ("correctfeedback", "partiallycorrectfeedback", "incorrectfeedback")
    )
    notes.is_in_order = text_at(element, "shuffleanswers").strip().lower() in ("false", "0") and len(choices) > 2
    if attribute(element, "type") == "multichoiceset":
        return ChoiceBody(_whole_set(choices, notes), is_multi=True)
    body = ChoiceBody(choices, is_multi=text_at(element, "single").strip().lower() in ("false", "0"))
    if partly and body.is_multi:
        notes.lose(GENERAL_LOST)
    return with_general(body, notes, right=right, wrong=wrong)


def _own_words(element: Element, part: str, notes: Notes) -> str | None:
    """What Moodle writes into every question is nobody's feedback."""
    told = Notes()
    words = _words(child(element, part), told)
    if words in _MOODLES_OWN:
        return None
    notes.losses.extend(told.losses)
    return words


def _whole_set(choices: tuple[Choice, ...], notes: Notes) -> tuple[Choice, ...]:
    """All or nothing, by a plugin: each right answer says 100 %."""
    right = [place for place, one in enumerate(choices) if one.weight_ppm > 0]
    share = FULL_PPM // max(len(right), 1)
    notes.lose("all or nothing became a part of the mark for each right answer")
    return tuple(
        Choice(one.text, share + (FULL_PPM - share * len(right)) * (place == right[0]), one.feedback)
        if place in right
        else Choice(one.text, 0, one.feedback)
        for place, one in enumerate(choices)
    )


_MOODLES_OWN = frozenset(
    {"", "Your answer is correct.", "Your answer is partially correct.", "Your answer is incorrect."}
)


def _bare(answer: Element, notes: Notes) -> str:
    """Old files write the words straight into the answer."""
    return notes.either(answer.text or "")


def _truefalse(element: Element, notes: Notes) -> Body:
    told: dict[bool, tuple[int, str | None]] = {}
    for answer in _answers(element):
        word = (text_at(answer, "text").strip() or (answer.text or "").strip()).lower()
        if word in ("true", "false"):
            told[word == "true"] = _weight(answer), _feedback(answer, notes)
    if set(told) != {True, False}:
        raise Fault("it has no answers true and false")
    is_true = told[True][0] > told[False][0]
    return TrueFalseBody(is_true, told[not is_true][1], told[is_true][1])


def _shortanswer(element: Element, notes: Notes) -> Body:
    if text_at(element, "usecase").strip() == "1":
        notes.lose("capitals and small letters count the same here")
    return ShortBody(
        tuple(
            ShortAnswer(notes.plain(text_at(one, "text")), _weight(one), _feedback(one, notes))
            for one in _answers(element)
        )
    )


def _numerical(element: Element, notes: Notes) -> Body:
    ranges = []
    for answer in _answers(element):
        written = text_at(answer, "text").strip()
        if written == "*":
            notes.lose("the feedback for any other number was left out")
            continue
        centre, margin = number(written), abs(number(text_at(answer, "tolerance") or "0"))
        ranges.append(NumericRange(centre - margin, centre + margin, _weight(answer), _feedback(answer, notes)))
    if children(child(element, "units"), "unit"):
        notes.lose("units were left out")
    return NumericBody(tuple(ranges))


def _matching(element: Element, notes: Notes) -> Body:
    pairs: list[tuple[str, str]] = []
    distractors: list[str] = []
    for part in children(element, "subquestion"):
        left, right = _words(part, notes, shows=True), notes.plain(text_at(part, "answer", "text"))
        if left:
            pairs.append((left, right))
        elif right:
            distractors.append(right)
    if len(pairs) + len(distractors) > ANSWERS_MAX:
        raise Fault(f"it has {len(pairs) + len(distractors)} pairs; at most {ANSWERS_MAX} are taken")
    rights = {right for _, right in pairs}
    return MatchBody(tuple(pairs), tuple(dict.fromkeys(one for one in distractors if one not in rights)))


def _ordering(element: Element, notes: Notes) -> Body:
    return OrderBody(tuple(_words(one, notes, shows=True) for one in _answers(element)))


def _essay(element: Element, notes: Notes) -> Body:
    guide = _words(child(element, "graderinfo"), notes, length_max=PROMPT_LENGTH_MAX)
    return OpenBody("essay", guide or None)


_READERS = {
    "multichoice": _multichoice,
    "truefalse": _truefalse,
    "shortanswer": _shortanswer,
    "numerical": _numerical,
    "matching": _matching,
    "ordering": _ordering,
    "essay": _essay,
    "ddmatch": _matching,
    "multichoiceset": _multichoice,
    "cloze": _essay,  # Read out of the text, as are the next two.
    "gapselect": _essay,
    "ddwtos": _essay,
}
