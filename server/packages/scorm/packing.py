"""The zip that phones get: only what is taken, in an order of ours, with the outline first. Equal in, equal out.

Pages, scripts and data are deflated; pictures, films and fonts lie as they are, so that a phone cuts them out of the
zip without unpacking anything. `docs/reference/packages.md` describes it.
"""

import tempfile
import zipfile
from pathlib import Path
from typing import Any

import msgspec

from server.base.archive import open_archive
from server.packages.scorm import kinds
from server.packages.scorm.manifest import Item
from server.packages.scorm.reading import INDEX, LIMITS, PlannedPackage

FORMAT = 1
WHEN = (1980, 1, 1, 0, 0, 0)
MODE = 0o100644 << 16
LEVEL = 6


def pack(path: Path, planned: PlannedPackage, into: Path) -> None:
    """Write it. Some seconds for the largest: ask in a thread. Raises an ArchiveRefused, EntryBroken."""
    folder = into.parent
    with open_archive(path, LIMITS) as archive, zipfile.ZipFile(into, "w", strict_timestamps=True) as packed:
        packed.writestr(_info(INDEX), msgspec.json.encode(_index(planned)), zipfile.ZIP_DEFLATED, LEVEL)
        with tempfile.NamedTemporaryFile(dir=folder) as place:
            for name in sorted(planned.files):
                archive.copy(planned.files[name], Path(place.name))
                with Path(place.name).open("rb") as source, packed.open(_info(name), "w") as target:
                    while chunk := source.read(256 * 1024):
                        target.write(chunk)


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, WHEN)
    info.external_attr = MODE
    info.compress_type = zipfile.ZIP_DEFLATED if kinds.ending_of(name) in kinds.TEXTS else zipfile.ZIP_STORED
    return info


def _index(planned: PlannedPackage) -> dict[str, Any]:
    manifest = planned.manifest
    return {
        "format": FORMAT,
        "edition": manifest.edition,
        "title": manifest.title,
        "items": [_card(item) for item in manifest.items],
    }


def _card(item: Item) -> dict[str, Any]:
    card = {
        "id": item.identifier,
        "title": item.title,
        "path": item.path,
        "query": item.query,
        "sco": item.is_sco,
        "mastery": item.mastery,
        "data": item.data,
        "timeMax": item.time_max,
        "timeAction": item.time_action,
        "items": [_card(child) for child in item.children],
    }
    return {name: value for name, value in card.items() if value not in (None, "", False, [])}
