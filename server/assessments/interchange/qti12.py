"""QTI 1.2 as Common Cartridges carry it (and Canvas, Blackboard, Desire2Learn, old Moodles write it): reading.

Source: https://www.imsglobal.org/question/qtiv1p2/imsqti_asi_bindv1p2.html and the profile of it for cartridges. A file
may hold several assessments or a bank; all of its items are read.
"""

import re

from server.assessments.interchange.checking import checked
from server.assessments.interchange.document import (
    PROMPT_LENGTH_MAX,
    ChoiceBody,
    Entry,
    Question,
    QuestionDocument,
    TrueFalseBody,
)
from server.assessments.interchange.pictures import FileFinder
from server.assessments.interchange.qti12_items import (
    item_of,
    metadata,
    points,
    responses,
    texts,
)
from server.assessments.interchange.qti12_kinds import asked_of, kind_of_item
from server.assessments.interchange.reading import GENERAL_LOST, Fault, Notes, entry_of, shown_of, with_general
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

MINUTES_MAX = 24 * 60
ATTEMPTS_MAX = 1_000


def read_qti12(content: bytes, files: FileFinder | None = None) -> QuestionDocument:
    """Raises: what `parse_xml` raises; NotThisFormat, TooManyQuestions."""
    root = parse_xml(content)
    if name(root) != "questestinterop":
        raise NotThisFormat("The file is XML, but not QTI 1.2: it has no <questestinterop>.")
    items = [one for one in within(root, "item") if not any(name(above) == "item" for above in one.iterancestors())]
    check_count(len(items))
    test = child(root, "assessment")
    title = "" if test is None else attribute(test, "title")
    entries = [_entry(item, files) for item in items]
    return QuestionDocument(
        (*entries, *_told_of_groups(root)),
        shown_title(title),
        attempts_max=_count(test, "cc_maxattempts", ATTEMPTS_MAX),
        duration_s=60 * minutes if (minutes := _count(test, "qmd_timelimit", MINUTES_MAX)) else None,
    )


def shown_title(title: str) -> str | None:
    return " ".join(title.split())[:255] or None


def _count(test: Element | None, label: str, most: int) -> int | None:
    """Of the test itself; its questions carry labels of their own."""
    for one in children(test, "qtimetadata"):
        written = metadata(one, label)
        if re.fullmatch(r"[1-9]\d{0,4}", written):
            return min(int(written), most)
    return None


def _told_of_groups(root: Element) -> list[Entry]:
    """Sections that draw some of their questions by chance, or all of them from a bank that is not in the file."""
    told = []
    borrowed = within(root, "bankentry_item")
    if borrowed:
        why = f"{len(borrowed)} of its questions lie in a bank that is not in this file; export the bank too."
        told.append(Entry(line_of(borrowed[0]), "Questions of a bank", "failed", why, None))
    for section in within(root, "section"):
        drawing = child(section, "selection_ordering", "selection")
        if drawing is None:
            continue
        drawn = text_at(drawing, "selection_number").strip() or "some"
        bank = text_at(drawing, "sourcebank_ref").strip()
        title = shown_of(attribute(section, "title")) or "A group of questions"
        line = line_of(section)
        if within(section, "item"):
            why = f"The test draws {drawn} of these questions by chance; all of them were taken."
            told.append(Entry(line, title, "partial", why, None))
        else:
            why = (
                f"It draws {drawn} questions from the bank {bank[:60]}, which is not in this file; export the bank too."
            )
            told.append(Entry(line, title, "failed", " ".join(why.split()), None))
    return told


def _entry(item: Element, files: FileFinder | None) -> Entry:
    line = line_of(item)
    title = shown_of(attribute(item, "title")) or f"line {line}"
    where = attribute(item, "ident")[:100]
    return entry_of(
        lambda notes: _question(item, notes),
        line=line,
        shown=title,
        where=f"line {line} ({where})" if where else "",
        files=files,
    )


def _question(element: Element, notes: Notes) -> Question:
    presentation = child(element, "presentation")
    if presentation is None:
        raise Fault("it has no presentation")
    item = item_of(element, notes)
    is_gapped = kind_of_item(item) in ("menus", "gaps")  # What stands inside a response is then its name.
    prompt, body = asked_of(item, presentation, _prompt(presentation, notes, is_gapped=is_gapped))
    explanation = item.general("general_fb", "solution")
    right = item.general("correct", "correct_fb", "general_correct_fb")
    wrong = item.general("incorrect", "incorrect_fb", "general_incorrect_fb")
    if explanation is None and not isinstance(body, (ChoiceBody, TrueFalseBody)):
        explanation, right = right, None
    body = with_general(body, notes, right=right, wrong=wrong)
    if any(words for ident, words in item.feedback.items() if ident not in item.used):
        notes.lose(GENERAL_LOST)
    title = notes.title(attribute(element, "title"))
    return checked(
        Question(
            title if title and title.lower() != "question" else shown_of(prompt),
            prompt,
            body,
            explanation,
            points=points(element, notes),
        )
    )


def _prompt(presentation: Element, notes: Notes, *, is_gapped: bool) -> str:
    """All that stands before the answers: materials that belong to no answer and no response of a match."""
    inside = {one for part in within(presentation, *_INSIDE) for one in part.iter()}
    asked = responses(presentation)
    if len(asked) > 1 or is_gapped:  # Each asks for its own left side.
        inside |= {one for part in asked for one in part.iter()}
    found = [one for one in within(presentation, "material") if one not in inside]
    parts = [texts(one, notes, PROMPT_LENGTH_MAX, shows=True) for one in found]
    return notes.plain("\n".join(part for part in parts if part), length_max=PROMPT_LENGTH_MAX)


_INSIDE = ("render_choice", "render_fib", "render_extension", "render_hotspot", "render_slider")
