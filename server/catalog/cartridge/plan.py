"""The dry run: what importing a cartridge would make, and what would be lost. Nothing is written."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from server.base.archive import Archive, EntryBroken, open_archive
from server.base.import_report import ItemState, Reason, ReportItem, report_item
from server.catalog.blocks import BadContent, Block, Image, Paragraph, encode_blocks
from server.catalog.cartridge.errors import BadManifest, NotACartridge, NothingInside
from server.catalog.cartridge.files import block_of, kind_of_file
from server.catalog.cartridge.manifest import Outline, OutlineItem, Resource, is_page, read_manifest
from server.catalog.cartridge.markup import BadMarkup, parse_xml, plain, text_of
from server.catalog.cartridge.page import Page, place_id, read_page

MANIFEST = "imsmanifest.xml"
MANIFEST_BYTES_MAX = 20_000_000
PAGE_BYTES_MAX = 5_000_000
LINK_BYTES_MAX = 100_000
QUIZ_BYTES_MAX = 10_000_000
QUIZZES_BYTES_MAX = 100_000_000  # Of all quizzes of a file, and …
TEXTS_BYTES_MAX = 100_000_000  # … of all its lessons, which are in memory together: contents may name one file often.
PICTURE_BYTES_MAX = 10 * 1024 * 1024

_FILE_BASE = re.compile(r"^\$IMS[-_]CC[-_]FILE_?BASE\$/?", re.IGNORECASE)
_SETTINGS = re.compile(
    r"^(course_settings/|non_cc_assessments/)|/assessment_meta\.xml$|^assessment_meta/", re.IGNORECASE
)
_IMAGE = re.compile(r"\.(jpe?g|png|gif|webp|bmp|tiff?|svg)$", re.IGNORECASE)
_UNSUPPORTED = (  # Prefix of a resource's type → what the report calls it.
    ("imsdt", "discussion", "Discussions are not taken; ask and answer in the course's questions."),
    ("imsbasiclti", "tool", "Tools on other sites (LTI) cannot work offline."),
    ("assignment", "assignment", "Assignments are not taken yet."),
)
TOO_MUCH = "All of it together is more than one course holds; make two courses of it."


@dataclass(frozen=True)
class PlannedLesson:
    item: str  # Its identifier in the manifest.
    title: str
    blocks: list[Block]  # Images carry `place_id(path)`.


@dataclass(frozen=True)
class PlannedQuiz:
    """A quiz as the file has it; who understands questions reads it."""

    item: str  # Its identifier in the manifest.
    title: str
    content: bytes
    after: int  # How many of its section's lessons come before it.
    format: Literal["qti12", "spark"] = "qti12"
    kind: str = "quiz"
    pass_ppm: int | None = None  # None: as the kind has it.
    attempts_max: int | None = None
    duration_s: int | None = None
    path: str = ""  # In the zip: what its pictures' addresses begin from.


@dataclass(frozen=True)
class PlannedSection:
    title: str
    lessons: list[PlannedLesson]
    quizzes: list[PlannedQuiz] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    title: str
    description: str
    language: str
    licence: str
    attribution: str
    source_url: str
    subject_words: str
    sections: list[PlannedSection]
    images: list[str]  # Paths in the zip that lessons use, each once.
    files: list[str]  # The same of films, sound, papers and captions.
    items: list[ReportItem]  # The report so far: all but images and files.


@dataclass
class _Draft:
    archive: Archive
    outline: Outline
    report: list[ReportItem] = field(default_factory=list)
    images: dict[str, None] = field(default_factory=dict)  # In order, each once.
    files: dict[str, None] = field(default_factory=dict)  # As the images.
    pages: set[str] = field(default_factory=set)
    language: str = ""
    texts_bytes: int = 0
    quizzes_bytes: int = 0


def read_cartridge(path: Path) -> Plan:
    """Read the whole file into a plan.

    Raises a CartridgeRefused when nothing can be made of it; what is wrong with one item is in the plan's report.
    """
    with open_archive(path) as archive:
        draft = _Draft(archive, _read_outline(archive))
        sections: list[PlannedSection] = []
        for section in draft.outline.sections:
            planned = PlannedSection(section.title, [], [])
            for item in section.items:
                if item.resource is not None and item.resource.kind.startswith("imsqti"):
                    planned.quizzes.extend(_read_quiz(draft, item, item.resource, after=len(planned.lessons)))
                else:
                    planned.lessons.extend(_read_item(draft, item))
            if planned.lessons or planned.quizzes:
                sections.append(planned)
        if not sections:
            raise NothingInside(why_nothing(draft.report))
        _report_unused(draft)
        return _plan(draft, sections)


def _read_outline(archive: Archive) -> Outline:
    if MANIFEST not in archive:
        raise NotACartridge
    try:
        return read_manifest(archive.read(MANIFEST, bytes_max=MANIFEST_BYTES_MAX))
    except EntryBroken as problem:
        raise BadManifest(f"{problem}") from problem


def _plan(draft: _Draft, sections: list[PlannedSection]) -> Plan:
    outline = draft.outline
    return Plan(
        title=outline.title,
        description=outline.description,
        language=outline.language or draft.language or "en",
        licence=outline.licence,
        attribution=outline.attribution,
        source_url=outline.source_url,
        subject_words=outline.subject_words,
        sections=sections,
        images=list(draft.images),
        files=list(draft.files),
        items=draft.report,
    )


def why_nothing(report: list[ReportItem]) -> str:
    """The words of NothingInside."""
    first = next((reason.message for item in report for reason in item.reasons), "it has no contents")
    return f"No page of the cartridge can be shown; the first reason: {first}"


def _read_quiz(draft: _Draft, item: OutlineItem, resource: Resource, *, after: int) -> Iterator[PlannedQuiz]:
    """One quiz, or a line in the report that says why not. What is asked in it is for others to read and to report."""
    draft.pages.add(resource.href)
    whole = f"non_cc_assessments/{resource.identifier}.xml.qti"
    path = (
        whole if whole in draft.archive else resource.href
    )  # Canvas' own: the other lacks what cartridges cannot say.
    if path not in draft.archive:
        why = f"{path or 'The quiz'} is not in the zip."
        _leave_out(draft, item, "quiz.missing", why, kind="quiz", failed=True)
        return
    try:
        content = draft.archive.read(path, bytes_max=QUIZ_BYTES_MAX)
    except EntryBroken as problem:
        _leave_out(draft, item, problem.code, str(problem), kind="quiz", failed=True)
        return
    draft.quizzes_bytes += len(content)
    if draft.quizzes_bytes > QUIZZES_BYTES_MAX:
        _leave_out(draft, item, "quiz.too_much", TOO_MUCH, kind="quiz", failed=True)
        return
    yield PlannedQuiz(item.identifier, item.title, content, after, path=resource.href)


def beside(archive: Archive, quiz: PlannedQuiz, src: str) -> bytes | None:
    """A picture of a quiz; None where it is not in the zip, or cannot be read."""
    found = _locate(archive, quiz.path, src)
    if isinstance(found, Reason):
        return None
    try:
        return archive.read(found, bytes_max=PICTURE_BYTES_MAX)
    except EntryBroken:
        return None


def _read_item(draft: _Draft, item: OutlineItem) -> Iterator[PlannedLesson]:
    """One lesson, or a line in the report that says why not."""
    lesson = _lesson_of(draft, item)
    if lesson is not None:
        yield lesson


def _lesson_of(draft: _Draft, item: OutlineItem) -> PlannedLesson | None:
    resource = item.resource
    if resource is None:
        _leave_out(
            draft,
            item,
            "item.no_resource",
            "The contents name a resource that the manifest does not have.",
            kind="item",
        )
        return None
    if resource.kind.startswith("imswl"):
        return _read_web_link(draft, item, resource)
    for prefix, kind, why in _UNSUPPORTED:
        if resource.kind.startswith(prefix):
            _leave_out(draft, item, f"{kind}.unsupported", why, kind=kind)
            return None
    if is_page(resource.href):
        return _read_lesson(draft, item, resource)
    return _read_file(draft, item, resource.href)


def _read_file(draft: _Draft, item: OutlineItem, path: str) -> PlannedLesson | None:
    """A film, a sound, a paper or a picture that is a lesson by itself."""
    if path not in draft.archive:
        why = f"{path or 'The file'} is not in the zip."
        _leave_out(draft, item, "file.missing", why, kind="file", failed=True)
        return None
    title = item.title or posixpath.basename(path)
    if kind_of_file(path):
        draft.files[path] = None
        return PlannedLesson(item.identifier, title, [block_of(path, title, [])])
    if _IMAGE.search(path):
        draft.images[path] = None
        return PlannedLesson(item.identifier, title, [Image(file_id=place_id(path), alt=title, width=1, height=1)])
    why = f"{path} is no page, film, sound, PDF or picture; save it as one of these."
    _leave_out(draft, item, "file.unsupported", why, kind="file")
    return None


def _leave_out(draft: _Draft, item: OutlineItem, code: str, why: str, *, kind: str, failed: bool = False) -> None:
    draft.report.append(
        report_item(
            item.identifier,
            title=item.title,
            kind=kind,
            state="failed" if failed else "skipped",
            reasons=[Reason(code, why)],
        )
    )


def _read_lesson(draft: _Draft, item: OutlineItem, resource: Resource) -> PlannedLesson | None:
    draft.pages.add(resource.href)
    if resource.href not in draft.archive:
        _leave_out(draft, item, "page.missing", f"{resource.href} is not in the zip.", kind="page", failed=True)
        return None
    try:
        content = draft.archive.read(resource.href, bytes_max=PAGE_BYTES_MAX)
        page = read_page(
            content, what=resource.href, title=item.title, locate=lambda src: _locate(draft.archive, resource.href, src)
        )
        draft.texts_bytes += len(encode_blocks(page.blocks))
    except (EntryBroken, BadMarkup) as problem:
        _leave_out(draft, item, problem.code, str(problem), kind="page", failed=True)
        return None
    except BadContent as problem:
        _leave_out(draft, item, problem.code, problem.message, kind="page", failed=True)
        return None
    if draft.texts_bytes > TEXTS_BYTES_MAX:
        _leave_out(draft, item, "page.too_much", TOO_MUCH, kind="page", failed=True)
        return None
    draft.language = draft.language or page.language
    return _keep(draft, item, page, fallback=posixpath.basename(resource.href))


def _keep(draft: _Draft, item: OutlineItem, page: Page, *, fallback: str) -> PlannedLesson | None:
    if not page.blocks:
        _leave_out(draft, item, "page.empty", "The page holds nothing to read.", kind="page")
        return None
    draft.images.update(dict.fromkeys(page.images))
    draft.files.update(dict.fromkeys(page.files))
    title = plain(page.title, length_max=200) or fallback
    state: ItemState = "partial" if page.problems else "ok"
    draft.report.append(report_item(item.identifier, title=title, kind="page", state=state, reasons=page.problems))
    return PlannedLesson(item=item.identifier, title=title, blocks=page.blocks)


def _read_web_link(draft: _Draft, item: OutlineItem, resource: Resource) -> PlannedLesson | None:
    if resource.href not in draft.archive:
        why = f"{resource.href or 'The link'} is not in the zip."
        _leave_out(draft, item, "page.missing", why, kind="link", failed=True)
        return None
    try:
        root = parse_xml(draft.archive.read(resource.href, bytes_max=LINK_BYTES_MAX), what=resource.href)
    except (EntryBroken, BadMarkup) as problem:
        _leave_out(draft, item, problem.code, str(problem), kind="link", failed=True)
        return None
    href = next((found.get("href") or "" for found in root.iter("url")), "")
    title = item.title or next((text_of(found) for found in root.iter("title")), "") or "Link"
    if not href.lower().startswith("https://"):
        shown = plain(href, length_max=500)
        if not shown:
            _leave_out(draft, item, "link.empty", "The link leads nowhere.", kind="link")
            return None
        reason = Reason("link.not_https", f"{shown[:120]!r} is not an https link; its address stands as words.")
        draft.report.append(report_item(item.identifier, title=title, kind="link", state="partial", reasons=[reason]))
        return PlannedLesson(item.identifier, title, [Paragraph(html=f"{escape(title)}<br>{escape(shown)}")])
    draft.report.append(report_item(item.identifier, title=title, kind="link", state="ok"))
    return PlannedLesson(
        item.identifier,
        title,
        [Paragraph(html=f'<a href="{escape(href)}" rel="noopener noreferrer">{escape(title)}</a>')],
    )


def _locate(archive: Archive, page: str, src: str) -> str | Reason:
    """Where in the zip an image's `src` points, from a page's folder or by the cartridge's own base."""
    shown = plain(src, length_max=120)
    if not src.strip():
        return Reason("image.missing", "An image names no file.")
    if re.match(r"^[a-z][a-z0-9+.-]*:|^//", src, re.IGNORECASE):
        return Reason(
            "image.remote", f"The image {shown} lies on another site; images come along only when they are in the zip."
        )
    target = unquote(src.strip()).partition("#")[0].partition("?")[0]
    based = _FILE_BASE.sub("", target)
    folder = "" if based != target else posixpath.dirname(page)
    for candidate in (posixpath.join(folder, based), based, posixpath.join("web_resources", based)):
        path = posixpath.normpath(candidate).lstrip("/")
        if path in archive:
            return path
    return Reason("image.missing", f"The image {shown} is not in the zip.")


def _report_unused(draft: _Draft) -> None:
    """Files of the manifest that no lesson shows: the reader should know that they did not come along."""
    listed = {item.resource.identifier for section in draft.outline.sections for item in section.items if item.resource}
    settings = 0
    for resource in draft.outline.resources.values():
        is_shown = resource.href in draft.images or resource.href in draft.files or resource.href in draft.pages
        if resource.identifier in listed or is_shown or not resource.href:
            continue
        if _SETTINGS.search(resource.href):
            settings += 1
            continue
        kind, code, why = _unused(resource)
        title = posixpath.basename(resource.href)
        reasons = [Reason(code, why)]
        draft.report.append(report_item(resource.identifier, title=title, kind=kind, state="skipped", reasons=reasons))
    if settings:
        why = f"{settings} files hold settings of the system that made the cartridge; they mean nothing here."
        reasons = [Reason("settings.left", why)]
        draft.report.append(report_item("settings", title="Settings", kind="file", state="skipped", reasons=reasons))


def _unused(resource: Resource) -> tuple[str, str, str]:
    for prefix, kind, why in _UNSUPPORTED:
        if resource.kind.startswith(prefix):
            return kind, f"{kind}.unsupported", why
    if resource.kind.endswith("question-bank"):
        return "quiz", "quiz.bank", "A bank of questions that no quiz of the contents asks; import it as questions."
    kind = "image" if _IMAGE.search(resource.href) else "file"
    return kind, f"{kind}.not_used", f"No lesson shows {plain(resource.href, length_max=120)}."
