"""QTI 2.1, 2.2 and 3.0, the part of them that asks questions: reading.

Sources: https://www.imsglobal.org/question/qtiv2p1/imsqti_infov2p1.html, https://www.imsglobal.org/spec/qti/v3p0/impl
An item, a test that names its items, or the manifest of a package, whose zip somebody else has opened. Names of
version 3 are read under those of version 2.
"""

import posixpath
from collections.abc import Iterator
from urllib.parse import unquote

from server.assessments.interchange.checking import checked
from server.assessments.interchange.document import (
    POINTS_MAX,
    PROMPT_LENGTH_MAX,
    TAG_LENGTH_MAX,
    TAGS_MAX,
    Entry,
    Question,
    QuestionDocument,
)
from server.assessments.interchange.pictures import FileFinder
from server.assessments.interchange.qti_interactions import INTERACTIONS, Item, body_of
from server.assessments.interchange.reading import Fault, Notes, Skipped, entry_of, number, shown_of
from server.assessments.interchange.refusals import NotThisFormat, check_count
from server.assessments.interchange.xml import (
    Element,
    attribute,
    child,
    children,
    inner_html,
    line_of,
    name,
    parse_xml,
    within,
)

NESTED_MAX = 3  # Tests may name sections in files of their own.


def read_qti(content: bytes, files: FileFinder | None = None) -> QuestionDocument:
    """Raises: what `parse_xml` raises; NotThisFormat, TooManyQuestions."""
    root = parse_xml(content)
    match name(root):
        case "assessmentItem":
            return QuestionDocument((_entry(root, "", files),))
        case "assessmentTest":
            return _read_test(root, "", files)
        case "manifest" if files is not None:
            return _read_manifest(root, files)
        case _:
            raise NotThisFormat("The file is XML, but neither a QTI item nor a QTI test.")


def _read_manifest(root: Element, files: FileFinder) -> QuestionDocument:
    """The test if there is one, else the items in the manifest's order."""
    resources = within(root, "resource")
    tests = [one for one in resources if "test" in attribute(one, "type")]
    for resource in tests:
        path = _path("", attribute(resource, "href"))
        content = files(path)
        if content is not None:
            return _read_test(parse_xml(content), path, files)
    items = [one for one in resources if "item" in attribute(one, "type")]
    check_count(len(items))
    return QuestionDocument(tuple(_entry_at(_path("", attribute(one, "href")), files) for one in items))


def _read_test(root: Element, path: str, files: FileFinder | None) -> QuestionDocument:
    entries: list[Entry] = []
    for reference in _references(root, path, files, 0):
        check_count(len(entries) + 1)
        entries.append(_entry_at(reference, files))
    if within(root, "selection"):
        reason = "The test draws its questions by chance; all of them were taken."
        entries.append(Entry(0, attribute(root, "title") or "Test", "partial", reason, None, path or "test"))
    return QuestionDocument(tuple(entries), " ".join(attribute(root, "title").split())[:255] or None)


def _references(root: Element, path: str, files: FileFinder | None, nested: int) -> Iterator[str]:
    for one in within(root, "assessmentItemRef", "assessmentSectionRef"):
        target = _path(path, attribute(one, "href"))
        if name(one) == "assessmentItemRef":
            yield target
            continue
        content = files(target) if files and nested < NESTED_MAX else None
        if content is not None:
            yield from _references(parse_xml(content), target, files, nested + 1)


def _path(base: str, href: str) -> str:
    """Beside the file that names it. What leads out of the package is a name that nothing has."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(href)))


def _entry_at(path: str, files: FileFinder | None) -> Entry:
    content = files(path) if files else None
    if content is None:
        return Entry(0, path[:100], "failed", "The file that holds it is not there.", None, path[:200])
    try:
        root = parse_xml(content)
    except NotThisFormat as refusal:
        return Entry(0, path[:100], "failed", refusal.message, None, path[:200])
    return _entry(root, path, files)


def _entry(root: Element, path: str, files: FileFinder | None) -> Entry:
    where = path[:200]
    shown = shown_of(attribute(root, "title")) or where or "item"

    def beside(src: str) -> bytes | None:
        return files(_path(path, src)) if files else None

    return entry_of(lambda notes: _question(root, notes), line=line_of(root), shown=shown, where=where, files=beside)


def _question(root: Element, notes: Notes) -> Question:
    if name(root) != "assessmentItem":
        raise Fault("it is no QTI item")
    body = child(root, "itemBody")
    if body is None:
        raise Fault("it has no itemBody")
    item = Item(root, notes, {attribute(one, "identifier"): one for one in children(root, "responseDeclaration")})
    found = within(body, *INTERACTIONS)
    if not found:
        other = [name(one) for one in body.iter() if name(one).endswith("Interaction")]
        raise Skipped(f"“{other[0]}” is not taken" if other else "a text without answers is not a question")
    prompt, answers = body_of(item, body, found)
    title = notes.title(attribute(root, "title"))
    return checked(
        Question(
            title or shown_of(prompt),
            prompt,
            answers,
            _explanation(root, notes),
            tags=_tags(root),
            points=_points(root),
        )
    )


def _explanation(root: Element, notes: Notes) -> str | None:
    """Feedback that is shown whatever was answered."""
    for one in children(root, "modalFeedback"):
        if attribute(one, "identifier").lower() in ("explanation", "solution", "general"):
            return notes.html(inner_html(one), length_max=PROMPT_LENGTH_MAX) or None
    return None


def _tags(root: Element) -> tuple[str, ...]:
    written = [part.strip()[:TAG_LENGTH_MAX] for part in attribute(root, "label").split(";")]
    return tuple(part for part in written if part)[:TAGS_MAX]


def _points(root: Element) -> int:
    for one in children(root, "outcomeDeclaration"):
        if attribute(one, "identifier") in ("MAXSCORE", "SCORE"):
            written = attribute(one, "normalMaximum")
            if written:
                return min(max(int(number(written)), 1), POINTS_MAX)
    return 1
