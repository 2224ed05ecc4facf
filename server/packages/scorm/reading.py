"""A package as it comes: its manifest wherever it lies, what is opened, which files come along, and what is lost."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from server.base.archive import Archive, DuplicateName, EntryBroken, Limits, is_unsafe, open_archive, shown
from server.base.import_report import ItemState, Reason, ReportItem, report_item
from server.packages.scorm import kinds
from server.packages.scorm.errors import BadManifest, LaunchMissing, NoManifest, TooMuchText
from server.packages.scorm.manifest import Item, Manifest, read_manifest, walk

LIMITS = Limits(entries=10_000, unpacked_bytes=600_000_000, entry_bytes=200_000_000)
MANIFEST = "imsmanifest.xml"
INDEX = "spark-package.json"  # Ours, first in the zip that phones get: a stranger's of that name would be read for it.
MANIFEST_BYTES_MAX = 5_000_000
TEXT_BYTES_MAX = 64_000_000  # Unpacked whole on the phone, into its memory.
PAGE_BYTES_MAX = 2_000_000  # A page that is longer is not looked into for frames.
OURS = frozenset({MANIFEST, INDEX})
_FRAMES = re.compile(rb"<(?:i?frame|frameset)\b", re.IGNORECASE)


@dataclass(frozen=True)
class PlannedPackage:
    """`files`: its path as pages name it → as the zip does."""

    manifest: Manifest
    files: Mapping[str, str]
    items: list[ReportItem] = field(default_factory=list)

    @property
    def title(self) -> str:
        return self.manifest.title


def read_package(path: Path, *, name: str) -> PlannedPackage:
    """Seconds for the largest: ask in a thread. Raises an ArchiveRefused, a PackageRefused."""
    with open_archive(path, LIMITS) as archive:
        names = {_readable(archive, entry): entry for entry in archive.entries}
        if len(names) < len(archive.entries):
            raise DuplicateName("Two files in the zip have one name, written in two ways; pack it anew.")
        folder = _folder(names)
        manifest = read_manifest(_content(archive, names[folder + MANIFEST]), name=name)
        inside = {readable[len(folder) :]: entry for readable, entry in names.items() if readable.startswith(folder)}
        files = {path: entry for path, entry in inside.items() if kinds.type_of(path) and path not in OURS}
        lost = list(_left_out(names, folder))
        files, broken = _whole(archive, files)
        _refuse_much_text(archive, files)
        outline = _Outline(archive, files)
        items = outline.take(manifest.items)
    if not any(item.path for item in walk(items)):
        raise LaunchMissing(_why_nothing(outline.told))
    state: ItemState = "partial" if manifest.lost else "ok"
    head = report_item(
        f"{folder}{MANIFEST}",
        title=f"{manifest.title} (SCORM {manifest.edition})",
        kind="package",
        state=state,
        reasons=manifest.lost,
    )
    return PlannedPackage(replace(manifest, items=items), files, [head, *outline.told, *lost, *broken])


def _readable(archive: Archive, entry: str) -> str:
    """A name as its maker meant it: many zips do not say that theirs is UTF-8, and are read as of DOS."""
    if archive.entries[entry].flag_bits & 0x800 or entry.isascii():
        return entry
    try:
        name = entry.encode("cp437").decode()
    except UnicodeError:
        return entry
    return entry if is_unsafe(name) else name


def _folder(names: Mapping[str, str]) -> str:
    """Where the manifest lies: at the top, or in the one folder that somebody packed around it."""
    found = sorted((name.count("/"), name) for name in names if name.rpartition("/")[2].lower() == MANIFEST)
    if not found:
        raise NoManifest
    depth, name = found[0]
    if sum(1 for other, _name in found if other == depth) > 1:
        raise BadManifest("The zip holds several packages beside each other; send them one by one.")
    if not name.endswith(MANIFEST):
        raise BadManifest(f"The manifest is called {shown(name)}; it has to be imsmanifest.xml.")
    return name.removesuffix(MANIFEST)


def _content(archive: Archive, entry: str) -> bytes:
    try:
        return archive.read(entry, bytes_max=MANIFEST_BYTES_MAX)
    except EntryBroken as problem:
        raise BadManifest(str(problem)) from problem


def _left_out(names: Mapping[str, str], folder: str) -> Iterator[ReportItem]:
    for name in sorted(names):
        if not name.startswith(folder):
            why: tuple[str, str] | None = ("file.outside", f"{name[:200]} lies outside the package's folder.")
        elif name == folder + INDEX:
            why = ("file.reserved", f"{INDEX} was left out: a file of ours lies there. Call it something else.")
        else:
            why = kinds.why_left_out(name)
        if why is not None:
            title = name.rpartition("/")[2]
            yield report_item(name, title=title, kind="file", state="skipped", reasons=[Reason(*why)])


def _whole(archive: Archive, files: dict[str, str]) -> tuple[dict[str, str], list[ReportItem]]:
    """Without those that cannot be unpacked: each is read once, whatever the directory says of it."""
    kept: dict[str, str] = {}
    broken: list[ReportItem] = []
    for path, entry in sorted(files.items()):
        try:
            archive.check(entry)
        except EntryBroken as problem:
            why = Reason(problem.code, str(problem))
            title = path.rpartition("/")[2]
            broken.append(report_item(path, title=title, kind="file", state="failed", reasons=[why]))
        else:
            kept[path] = entry
    return kept, broken


def _refuse_much_text(archive: Archive, files: Mapping[str, str]) -> None:
    size = sum(archive.size_of(entry) for path, entry in files.items() if kinds.ending_of(path) in kinds.TEXTS)
    if size > TEXT_BYTES_MAX:
        raise TooMuchText(f"Its pages, scripts and data have {size} bytes unpacked; we take {TEXT_BYTES_MAX}.")


class _Outline:
    """Holds what the contents name against what is there."""

    def __init__(self, archive: Archive, files: Mapping[str, str]) -> None:
        self.told: list[ReportItem] = []
        self._archive = archive
        self._files = files
        self._by_small = {path.lower(): path for path in files}

    def take(self, items: tuple[Item, ...]) -> tuple[Item, ...]:
        """Only what can be opened, and headings over it."""
        taken = []
        for item in items:
            path, reasons = self._look(item)
            if item.path or item.is_missing:
                state: ItemState = "failed" if path is None else "partial" if reasons else "ok"
                kind = "sco" if item.is_sco else "asset"
                self.told.append(
                    report_item(item.identifier, title=item.title, kind=kind, state=state, reasons=reasons)
                )
            children = self.take(item.children)
            if path or children:
                taken.append(replace(item, path=path, children=children))
        return tuple(taken)

    def _look(self, item: Item) -> tuple[str | None, list[Reason]]:
        if item.is_missing:
            return None, [
                Reason("item.no_resource", f"{item.title!r} names a resource that the manifest does not have.")
            ]
        if item.path is None:
            return None, []
        if kinds.ending_of(item.path) not in kinds.SHOWN:
            words = f"{item.title!r} is {item.path[:200]}, which no page can show by itself."
            return None, [Reason("item.kind", words)]
        path = item.path if item.path in self._files else self._by_small.get(item.path.lower())
        if path is None:
            words = f"{item.title!r} would open {item.path[:200]}, which is not in the zip."
            return None, [Reason("item.no_file", words)]
        return path, list(self._frames(path))

    def _frames(self, path: str) -> Iterator[Reason]:
        if not path.lower().endswith((".html", ".htm", ".xhtml")):
            return
        try:
            page = self._archive.read(self._files[path], bytes_max=PAGE_BYTES_MAX)
        except EntryBroken:
            return
        if _FRAMES.search(page):
            words = (
                f"{path[:200]} is made of frames. Each is shown and can report its result, but they cannot reach into"
                " one another; try it before you publish."
            )
            yield Reason("package.frames", words)


def _why_nothing(told: list[ReportItem]) -> str:
    reasons = [item.reasons[0].message for item in told if item.reasons][:3]
    return " ".join(reasons) or "The manifest names nothing that can be opened."
