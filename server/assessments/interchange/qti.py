"""QTI 2.1, 2.2 and 3.0, the part of them that asks questions: reading.

Sources: https://www.imsglobal.org/question/qtiv2p1/imsqti_infov2p1.html, https://www.imsglobal.org/spec/qti/v3p0/impl
An item, a test that names its items, or the manifest of a package, whose zip somebody else has opened. Names of
version 3 are read under those of version 2.
"""

import posixpath
import re
from collections.abc import Iterator
from functools import partial
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
from server.assessments.interchange.qti12 import read_qti12
from server.assessments.interchange.qti_interactions import (
    INTERACTIONS,
    Item,
    body_of,
    note_losses,
    refuse_what_changes,
)
from server.assessments.interchange.reading import Fault, Notes, Skipped, entry_of, number, shown_of, with_general
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
    text_at,
    within,
)

_FILE_BASE = re.compile(r"^(?:\$|%24)IMS[-_]CC[-_]FILE_?BASE(?:\$|%24)/?", re.IGNORECASE)
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
    """Its tests, else its items in the manifest's order; packages of QTI 1.2 are read as such."""
    resources = [(attribute(one, "type").lower(), _href(one)) for one in within(root, "resource")]
    tests = [href for kind, href in resources if "test" in kind and "1p2" not in kind]
    read = [_read_test(parse_xml(content), path, files) for path in tests if (content := files(path)) is not None]
    if read:
        return _joined(read)
    items = [href for kind, href in resources if "item" in kind and "1p2" not in kind]
    if items:
        check_count(len(items))
        return QuestionDocument(tuple(_entry_at(href, files) for href in items))
    older = [href for kind, href in resources if "imsqti" in kind or "assessment" in kind]
    return read_all_of(list(dict.fromkeys(older or [href for _, href in resources if href.endswith(".xml")])), files)


def _href(resource: Element) -> str:
    named = [attribute(resource, "href"), *(attribute(one, "href") for one in children(resource, "file"))]
    return _path("", next((href for href in named if href), ""))


def read_all_of(paths: list[str], files: FileFinder) -> QuestionDocument:
    """Whatever of QTI lies at these places; other files are passed over."""
    read: list[QuestionDocument] = []
    for path in paths:
        content = files(path)
        if content is None:
            if path.endswith(".xml"):
                read.append(QuestionDocument((_missing(path),)))
            continue
        try:
            root = parse_xml(content)
        except NotThisFormat as refusal:
            read.append(QuestionDocument((Entry(0, path[:100], "failed", refusal.message, None, path[:200]),)))
            continue
        match name(root):
            case "questestinterop":
                read.append(read_qti12(content, partial(_beside, files, path)))
            case "assessmentItem":
                read.append(QuestionDocument((_entry(root, path, files),)))
            case "assessmentTest":
                read.append(_read_test(root, path, files))
            case _:
                continue
    return _joined(read)


def _joined(read: list[QuestionDocument]) -> QuestionDocument:
    if len(read) == 1:
        return read[0]
    entries = tuple(entry for document in read for entry in document.entries)
    check_count(len(entries))
    return QuestionDocument(entries, next((document.title for document in read if document.title), None))


def _beside(files: FileFinder, path: str, src: str) -> bytes | None:
    """From the file's own place, else from the package's top, by whatever name its maker gives that."""
    wanted = _FILE_BASE.sub("", src)
    for base in (path, "", "web_resources/"):
        found = files(_path(base, wanted))
        if found is not None:
            return found
    return None


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


def _missing(path: str) -> Entry:
    return Entry(0, path[:100], "failed", "The file that holds it is not there.", None, path[:200])


def _entry_at(path: str, files: FileFinder | None) -> Entry:
    content = files(path) if files else None
    if content is None:
        return _missing(path)
    try:
        root = parse_xml(content)
    except NotThisFormat as refusal:
        return Entry(0, path[:100], "failed", refusal.message, None, path[:200])
    return _entry(root, path, files)


def _entry(root: Element, path: str, files: FileFinder | None) -> Entry:
    where = path[:200]
    shown = shown_of(attribute(root, "title")) or where or "item"

    beside = partial(_beside, files, path) if files else None
    return entry_of(lambda notes: _question(root, notes), line=line_of(root), shown=shown, where=where, files=beside)


def _question(root: Element, notes: Notes) -> Question:
    if name(root) != "assessmentItem":
        raise Fault("it is no QTI item")
    body = child(root, "itemBody")
    if body is None:
        raise Fault("it has no itemBody")
    refuse_what_changes(root)
    item = Item(root, notes, {attribute(one, "identifier"): one for one in children(root, "responseDeclaration")})
    found = within(body, *INTERACTIONS)
    if not found:
        other = [name(one) for one in body.iter() if name(one).endswith("Interaction")]
        raise Skipped(f"“{other[0]}” is not taken" if other else "a text without answers is not a question")
    before = _stimuli(root, notes)
    prompt, answers = body_of(item, body, found)
    explanation = _shown_for(item, "explanation", "solution", "general")
    right, wrong = _shown_for(item, "correct", "right"), _shown_for(item, "incorrect", "wrong")
    answers = with_general(answers, notes, right=right, wrong=wrong)
    note_losses(item, body)
    title = notes.title(attribute(root, "title"))
    return checked(
        Question(
            title or shown_of(prompt),
            notes.plain("\n".join([*before, prompt]), length_max=PROMPT_LENGTH_MAX),
            answers,
            explanation,
            tags=_tags(root),
            points=_points(root, notes),
        )
    )


def _stimuli(root: Element, notes: Notes) -> list[str]:
    """Texts that several items share lie in files of their own."""
    found = []
    for one in within(root, "assessmentStimulusRef"):
        content = notes.files(attribute(one, "href")) if notes.files else None
        body = None if content is None else child(parse_xml(content), "stimulusBody")
        if body is None:
            notes.lose(f"the text {attribute(one, 'href')[:80]} that it is about is not in the file")
        else:
            found.append(notes.html(inner_html(body), length_max=PROMPT_LENGTH_MAX, shows=True))
    return [words for words in found if words]


def _shown_for(item: Item, *idents: str) -> str | None:
    """Feedback by what people call it: `explanation` is shown whatever was answered."""
    for one in children(item.root, "modalFeedback"):
        if attribute(one, "identifier").lower() in idents and attribute(one, "showHide") in ("show", ""):
            item.used.add(one)
            return item.notes.html(inner_html(one), length_max=PROMPT_LENGTH_MAX) or None
    return None


def _tags(root: Element) -> tuple[str, ...]:
    written = [part.strip()[:TAG_LENGTH_MAX] for part in attribute(root, "label").split(";")]
    return tuple(part for part in written if part)[:TAGS_MAX]


def _points(root: Element, notes: Notes) -> int:
    declared = {attribute(one, "identifier"): one for one in children(root, "outcomeDeclaration")}
    for ident in ("SCORE", "MAXSCORE"):
        one = declared.get(ident)
        if one is None:
            continue
        written = attribute(one, "normalMaximum") or (text_at(one, "defaultValue", "value") if ident != "SCORE" else "")
        if written.strip():
            found = number(written)
            whole = min(max(int(found), 1), POINTS_MAX)
            if whole != found:
                notes.lose(f"its points, {written.strip()[:20]}, became {whole}")
            return whole
    return 1
