"""imsmanifest.xml as an outline: what the course is called, its chapters, and which file each item shows."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from server.catalog.cartridge.errors import BadManifest, WrongVersion
from server.catalog.cartridge.markup import BadMarkup, Element, parse_xml, plain, text_of

SECTIONS_MAX = 300
LESSONS_MAX = 2_000
TITLE_LENGTH_MAX = 200
DESCRIPTION_LENGTH_MAX = 5_000
ITEM_DEPTH_MAX = 12

_VERSION = re.compile(r"^1\.[0123](\.\d+)?$")
_URL = re.compile(r"https://[^\s<>\"']{4,500}")
_LICENCES = (  # What rights statements say → the short name that is shown.
    (re.compile(r"creativecommons\.org/publicdomain/zero|\bCC0\b", re.IGNORECASE), "CC0 1.0"),
    (re.compile(r"public domain", re.IGNORECASE), "Public domain"),
)
_CC_WORDS = re.compile(
    r"creative commons"
    r" attribution(?P<rest>[^;]{0,80})|creativecommons\.org/licenses/(?P<short>[a-z-]+)/(?P<version>[\d.]+)"
    r"|\bCC[ -]BY(?P<dashes>(?:-(?:NC|ND|SA))*)[ -]?(?P<number>\d\.\d)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Resource:
    identifier: str
    kind: str  # The type attribute: "webcontent", "imsqti_xmlv1p2/imscc_xmlv1p3/assessment", …
    href: str  # Path in the zip; empty when the resource names none.


@dataclass(frozen=True)
class OutlineItem:
    identifier: str
    title: str
    resource: Resource | None  # None: the manifest names a resource that it does not have.


@dataclass(frozen=True)
class OutlineSection:
    title: str
    items: list[OutlineItem] = field(default_factory=list)


@dataclass(frozen=True)
class Outline:
    title: str
    description: str
    language: str
    licence: str
    attribution: str
    source_url: str
    subject_words: str  # Title and keywords: what the subject is looked for in.
    sections: list[OutlineSection]
    resources: dict[str, Resource]


def read_manifest(content: bytes) -> Outline:
    """Raises BadManifest and WrongVersion."""
    try:
        root = parse_xml(content, what="imsmanifest.xml")
    except BadMarkup as problem:
        raise BadManifest(f"{problem}") from problem
    if root.tag != "manifest":
        raise BadManifest(f"imsmanifest.xml begins with <{plain(str(root.tag), length_max=40)}>, not <manifest>.")
    _check_version(root)
    resources = _read_resources(root)
    lom = _first(root, "metadata/lom")
    rights = _strings(lom, "rights/description")
    title = plain(_strings(lom, "general/title"), length_max=TITLE_LENGTH_MAX)
    organization = _first(root, "organizations/organization")
    sections = list(_read_sections(organization, resources, title)) if organization is not None else []
    if sum(len(section.items) for section in sections) > LESSONS_MAX or len(sections) > SECTIONS_MAX:
        raise BadManifest(
            f"The cartridge has more than {LESSONS_MAX} lessons or {SECTIONS_MAX} sections; make two courses of it."
        )
    return Outline(
        title=title or "Imported course",
        description=plain(_strings(lom, "general/description"), length_max=DESCRIPTION_LENGTH_MAX),
        language=_language(lom),
        licence=licence_of(rights),
        attribution=plain(rights, length_max=1_000),
        source_url=_source_url(lom, rights),
        subject_words=" ".join([title, _strings(lom, "general/keyword"), _strings(lom, "classification/taxonpath")]),
        sections=_told_apart(_with_more(sections, resources) if sections else [_all_pages(resources)]),
        resources=resources,
    )


def licence_of(rights: str) -> str:
    """The short name of a licence that a rights statement names; empty when we do not know it."""
    found = _CC_WORDS.search(rights)
    if found is not None:
        return _creative_commons(found)
    return next((name for pattern, name in _LICENCES if pattern.search(rights)), "")


def _creative_commons(found: "re.Match[str]") -> str:
    if found["short"]:
        return f"CC {found['short'].upper()} {found['version']}"
    words = (found["rest"] or "").lower()
    dashes = (found["dashes"] or "").lower()
    parts = [
        short
        for short, word in (("NC", "noncommercial"), ("ND", "noderiv"), ("SA", "sharealike"))
        if word in words.replace("-", "").replace(" ", "") or f"-{short.lower()}" in dashes
    ]
    number = found["number"] or next(iter(re.findall(r"\d\.\d", words)), "")
    return " ".join(part for part in ("CC " + "-".join(["BY", *parts]), number) if part)


def _check_version(root: Element) -> None:
    schema = _strings(root, "metadata/schema")
    version = _strings(root, "metadata/schemaversion").strip()
    if "common cartridge" not in schema.lower() or not _VERSION.match(version):
        said = plain(f"{schema} {version}", length_max=80) or "nothing"
        if "scorm" in said.lower():
            raise WrongVersion(f"The manifest says {said!r}: the file is a SCORM package; import it as one.")
        kinds = [one.get("type") or "" for one in _children(_first(root, "resources"), "resource")]
        if any(kind.startswith("imsqti") for kind in kinds):
            raise WrongVersion("The file is a package of questions (QTI), not a course: import it as questions.")
        raise WrongVersion(f"The manifest says {said!r}; we take IMS Common Cartridge 1.0, 1.1, 1.2 and 1.3.")


def _read_resources(root: Element) -> dict[str, Resource]:
    resources: dict[str, Resource] = {}
    for element in _children(_first(root, "resources"), "resource"):
        identifier = element.get("identifier") or ""
        href = element.get("href") or next((file.get("href") or "" for file in _children(element, "file")), "")
        if identifier in resources:
            raise BadManifest(f"Two resources are called {plain(identifier, length_max=80)!r}.")
        resources[identifier] = Resource(identifier, (element.get("type") or "").lower(), _path(href))
    return resources


def _path(href: str) -> str:
    return posixpath.normpath(unquote(href.partition("#")[0].partition("?")[0])) if href else ""


def _read_sections(organization: Element, resources: dict[str, Resource], title: str) -> Iterator[OutlineSection]:
    """Each folder of items is a section; items outside a folder, in a row, make one too."""
    tops = list(_children(organization, "item"))
    if len(tops) == 1 and not tops[0].get("identifierref"):
        tops = list(_children(tops[0], "item"))  # The profile asks for one nameless root.
    section = OutlineSection(title or "Lessons")
    for item, trail in _leaves(tops, ()):
        name = plain(" · ".join(trail), length_max=TITLE_LENGTH_MAX) or title or "Lessons"
        if name != section.title and section.items:
            yield section
            section = OutlineSection(name)
        elif name != section.title:
            section = OutlineSection(name)
        section.items.append(_outline_item(item, resources))
    if section.items:
        yield section


def _leaves(items: list[Element], trail: tuple[str, ...]) -> Iterator[tuple[Element, tuple[str, ...]]]:
    if len(trail) > ITEM_DEPTH_MAX:
        raise BadManifest(f"The contents are deeper than {ITEM_DEPTH_MAX} folders.")
    for item in items:
        inner = list(_children(item, "item"))
        if item.get("identifierref") or not inner:
            yield item, trail
        if inner:
            yield from _leaves(inner, (*trail, plain(_strings(item, "title"), length_max=TITLE_LENGTH_MAX)))


def _outline_item(item: Element, resources: dict[str, Resource]) -> OutlineItem:
    return OutlineItem(
        identifier=plain(item.get("identifier"), length_max=200) or "?",
        title=plain(_strings(item, "title"), length_max=TITLE_LENGTH_MAX),
        resource=resources.get(item.get("identifierref") or ""),
    )


MORE = "More pages"


def _with_more(sections: list[OutlineSection], resources: dict[str, Resource]) -> list[OutlineSection]:
    """Canvas keeps pages and quizzes that stand in no module: they come last."""
    listed = {item.resource.identifier for section in sections for item in section.items if item.resource}
    more = [one for one in resources.values() if one.identifier not in listed and _is_canvas_page(one)]
    is_full = sum(len(section.items) for section in sections) + len(more) > LESSONS_MAX or len(sections) >= SECTIONS_MAX
    if not more or is_full:
        return sections
    return [*sections, OutlineSection(MORE, [OutlineItem(one.identifier, "", one) for one in more])]


def _is_canvas_page(resource: Resource) -> bool:
    is_page_of_canvas = resource.href.startswith("wiki_content/") and is_page(resource.href)
    return is_page_of_canvas or resource.kind.endswith("/assessment")


def _all_pages(resources: dict[str, Resource]) -> OutlineSection:
    """A cartridge without contents: every page, link and quiz, in the order of the manifest."""
    found = [
        one
        for one in resources.values()
        if (one.kind == "webcontent" and is_page(one.href))
        or one.kind.startswith("imswl")
        or one.kind.endswith("/assessment")
    ]
    return OutlineSection("Lessons", [OutlineItem(one.identifier, "", one) for one in found[:LESSONS_MAX]])


def _told_apart(sections: list[OutlineSection]) -> list[OutlineSection]:
    """With a number behind a name that stood before: items without names, and names that are given twice, do come."""
    taken: set[str] = set()
    return [
        OutlineSection(
            section.title, [replace(item, identifier=_free(item.identifier, taken)) for item in section.items]
        )
        for section in sections
    ]


def _free(identifier: str, taken: set[str]) -> str:
    name, number = identifier, 1
    while name in taken:
        number += 1
        name = f"{identifier} ({number})"
    taken.add(name)
    return name


def is_page(path: str) -> bool:
    return path.lower().endswith((".html", ".htm", ".xhtml"))


def _language(lom: Element | None) -> str:
    found = plain(_strings(lom, "general/language"), length_max=10).lower().replace("_", "-").partition("-")[0]
    return found if re.fullmatch(r"[a-z]{2,3}", found) else ""


def _source_url(lom: Element | None, rights: str) -> str:
    text = " ".join([_strings(lom, "general/identifier/entry"), _strings(lom, "technical/location"), rights])
    found = _URL.search(text)
    return found.group(0).rstrip(".,)") if found is not None else ""


def _strings(element: Element | None, path: str) -> str:
    """The text of every element at `path`, names without their namespaces."""
    return " ".join(text_of(found, length_max=DESCRIPTION_LENGTH_MAX) for found in _find(element, path))


def _first(element: Element | None, path: str) -> Element | None:
    return next(_find(element, path), None)


def _find(element: Element | None, path: str) -> Iterator[Element]:
    head, _, rest = path.partition("/")
    for child in _children(element, head):
        if rest:
            yield from _find(child, rest)
        else:
            yield child


def _children(element: Element | None, tag: str) -> Iterator[Element]:
    if element is not None:
        yield from (child for child in element if child.tag == tag)
