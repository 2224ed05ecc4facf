"""imsmanifest.xml of SCORM 1.2 or 2004 as an outline: what can be opened, in which order, and what is not followed."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote

from server.base.import_report import Reason
from server.catalog.cartridge.markup import BadMarkup, Element, parse_xml, plain, text_of
from server.packages.scorm.errors import BadManifest, NotScorm

Edition = Literal["1.2", "2004"]

ITEMS_MAX = 1_000
DEPTH_MAX = 12
TITLE_LENGTH_MAX = 200
DATA_LENGTH_MAX = 4_096
_VERSIONS = (
    (re.compile(r"^\s*1\.2\b"), "1.2"),
    (re.compile(r"2004|CAM\s*1\.3|^\s*1\.3\b", re.IGNORECASE), "2004"),
)
_SPACES = ((b"adlcp_v1p3", "2004"), (b"adlcp_rootv1p2", "1.2"))
_EDITION: dict[str, Edition] = {"1.2": "1.2", "2004": "2004"}
_SEQUENCING = {
    "sequencingrules": "rules that skip, repeat or end items",
    "rolluprules": "rules that sum results up in their own way",
    "limitconditions": "limits of tries and time",
    "mapinfo": "goals that items share",
    "randomizationcontrols": "a mixed order of items",
    "prerequisites": "items that open only after others",
}


@dataclass(frozen=True, kw_only=True)
class Item:
    """A line of the outline; with `path` something that can be opened."""

    identifier: str
    title: str
    path: str | None = None  # In the zip, without the manifest's own folder.
    query: str = ""  # What its author wants behind the address, with "?" or "#".
    is_sco: bool = False  # It speaks with the platform; an asset does not.
    mastery: str | None = None  # 1.2: 0 to 100; 2004: -1 to 1.
    data: str = ""
    time_max: str = ""
    time_action: str = ""
    is_missing: bool = False  # It names a resource, or a file, that is not there.
    children: tuple["Item", ...] = ()


@dataclass(frozen=True)
class Manifest:
    edition: Edition
    title: str
    items: tuple[Item, ...]
    lost: list[Reason] = field(default_factory=list)  # Of the package as a whole.


@dataclass(frozen=True)
class _Resource:
    path: str
    query: str
    is_sco: bool


def read_manifest(content: bytes, *, name: str) -> Manifest:
    """`name`: what to call it if it does not say. Raises BadManifest, NotScorm."""
    try:
        root = parse_xml(content, what="imsmanifest.xml")
    except BadMarkup as problem:
        raise BadManifest(f"{problem}") from problem
    if root.tag != "manifest":
        raise BadManifest(f"imsmanifest.xml begins with <{plain(str(root.tag), length_max=40)}>, not <manifest>.")
    edition = _edition(root, content)
    organization, others = _organization(root)
    title = _title(organization) or name
    lost = [*_sequencing(root), *others]
    resources = _resources(root)
    items = _items(organization, resources) if organization is not None else ()
    if not items:
        items = _all(resources, title)
        if items and organization is not None:
            lost.append(Reason("package.no_outline", "The package has no contents; its pages stand in their order."))
    return Manifest(edition, title, items, lost)


def walk(items: tuple[Item, ...]) -> Iterator[Item]:
    for item in items:
        yield item
        yield from walk(item.children)


def _edition(root: Element, content: bytes) -> Edition:
    """By what it says, else by the names that it uses."""
    metadata = _first(root, "metadata")
    said = text_of(found, length_max=100) if (found := _first(metadata, "schemaversion")) is not None else ""
    schema = text_of(found, length_max=100) if (found := _first(metadata, "schema")) is not None else ""
    if "common cartridge" in schema.lower():
        raise NotScorm("The file is an IMS Common Cartridge; import it as a cartridge.")
    for pattern, edition in _VERSIONS:
        if pattern.search(said):
            return _EDITION[edition]
    for space, edition in _SPACES:
        if space in content:
            return _EDITION[edition]
    heard = f"{schema} {said}".strip()[:80] or "nothing of its version"
    raise NotScorm(f"The manifest says {heard!r}; we take SCORM 1.2 and SCORM 2004.")


def _organization(root: Element) -> tuple[Element | None, list[Reason]]:
    organizations = _first(root, "organizations")
    found = list(_children(organizations, "organization"))
    if organizations is None or not found:
        return None, []
    default = organizations.get("default")
    chosen = next((one for one in found if one.get("identifier") == default), found[0])
    if len(found) == 1:
        return chosen, []
    words = f"The package has {len(found)} orders of its contents; {_title(chosen)!r} was taken, the others left out."
    return chosen, [Reason("package.organizations", words)]


def _resources(root: Element) -> dict[str, _Resource]:
    holder = _first(root, "resources")
    resources: dict[str, _Resource] = {}
    outer = posixpath.join(_base(root), _base(holder))
    for element in _children(holder, "resource"):
        href = element.get("href") or ""
        kind = _attribute(element, "scormtype").lower()
        path, query = _split(posixpath.join(outer, _base(element), href)) if href else ("", "")
        resources[element.get("identifier") or ""] = _Resource(path, query, kind == "sco")
    return resources


def _items(parent: Element, resources: dict[str, _Resource], depth: int = 1) -> tuple[Item, ...]:
    if depth > DEPTH_MAX:
        raise BadManifest(f"The contents are deeper than {DEPTH_MAX} folders.")
    found = tuple(_item(element, resources, depth) for element in _children(parent, "item"))
    if depth == 1 and sum(1 for _item in walk(found)) > ITEMS_MAX:
        raise BadManifest(f"The package has more than {ITEMS_MAX} items; make several of it.")
    return found


def _item(element: Element, resources: dict[str, _Resource], depth: int) -> Item:
    wanted = element.get("identifierref") or ""
    resource = resources.get(wanted)
    more = element.get("parameters") or ""
    query = _joined(resource.query if resource else "", more)
    normalized = next((text_of(one) for one in element.iter("minnormalizedmeasure")), None)
    mastery = _text(element, "masteryscore") or normalized
    return Item(
        identifier=plain(element.get("identifier"), length_max=200) or f"item-{depth}-{wanted[:100]}",
        title=_title(element) or plain(wanted, length_max=TITLE_LENGTH_MAX),
        path=resource.path if resource and resource.path else None,
        query=query[:1_000],
        is_sco=bool(resource and resource.is_sco),
        mastery=mastery if mastery and re.fullmatch(r"-?\d{1,3}(\.\d{1,7})?", mastery) else None,
        data=(_text(element, "datafromlms") or "")[:DATA_LENGTH_MAX],
        time_max=_text(element, "maxtimeallowed") or "",
        time_action=_text(element, "timelimitaction") or "",
        is_missing=bool(wanted) and (resource is None or not resource.path),
        children=_items(element, resources, depth + 1),
    )


def _all(resources: dict[str, _Resource], title: str) -> tuple[Item, ...]:
    """A package without contents: every SCO, else the first page."""
    scos = [(name, one) for name, one in resources.items() if one.is_sco and one.path]
    pages = [(name, one) for name, one in resources.items() if one.path.lower().endswith((".html", ".htm"))]
    return tuple(
        Item(
            identifier=plain(name, length_max=200) or f"item-{at}",
            title=title if len(scos) < 2 else f"{title} {at}",
            path=one.path,
            query=one.query,
            is_sco=one.is_sco,
        )
        for at, (name, one) in enumerate((scos or pages[:1])[:ITEMS_MAX], start=1)
    )


def _sequencing(root: Element) -> list[Reason]:
    """What of simple sequencing is in use and is not followed: learners choose from the contents."""
    used = [words for tag, words in _SEQUENCING.items() if next(root.iter(tag), None) is not None]
    if not used:
        return []
    words = f"The package orders itself by {', '.join(used)}. That is not followed: learners choose from its contents."
    return [Reason("package.sequencing", words)]


def _split(href: str) -> tuple[str, str]:
    """Path and what follows it."""
    found = re.match(r"([^?#]*)(.*)", href, re.DOTALL)
    path, query = found.groups() if found else (href, "")
    path = posixpath.normpath(unquote(path).replace("\\", "/")).removeprefix("./")
    return ("", "") if path.startswith(("..", "/")) or "://" in href else (path, query)


def _joined(query: str, parameters: str) -> str:
    """As the run-time environment lays down: one question mark, then ampersands; a fragment stands alone."""
    more = parameters.lstrip("?&")
    if not more:
        return query
    if more.startswith("#"):
        return query if "#" in query else query + more
    return f"{query}&{more}" if "?" in query else f"?{more}{query}"


def _base(element: Element | None) -> str:
    return "" if element is None else unquote(element.get("{http://www.w3.org/XML/1998/namespace}base") or "")


def _attribute(element: Element, name: str) -> str:
    """Whatever its namespace and its capitals: 1.2 says `scormtype`, 2004 `scormType`."""
    return next((str(value) for key, value in element.attrib.items() if str(key).lower().endswith(name)), "")


def _title(element: Element | None) -> str:
    found = _first(element, "title")
    return "" if found is None else text_of(found, length_max=TITLE_LENGTH_MAX)


def _text(element: Element, tag: str) -> str:
    found = _first(element, tag)
    return "" if found is None else "".join(str(piece) for piece in found.itertext()).strip()


def _first(element: Element | None, tag: str) -> Element | None:
    return next(_children(element, tag), None)


def _children(element: Element | None, tag: str) -> Iterator[Element]:
    if element is not None:
        yield from (child for child in element if child.tag == tag)
