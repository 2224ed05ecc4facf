"""What became of each item of an imported file: everything that was not represented is named, with the reason."""

from collections import Counter
from typing import Literal

import msgspec

ItemState = Literal["ok", "partial", "skipped", "failed"]
ITEMS_MAX = 20_000
REASONS_MAX = 50


class Reason(msgspec.Struct, frozen=True):
    code: str  # Stable, `noun.reason`: "image.missing".
    message: str  # Names the thing and what became of it.


class ReportItem(msgspec.Struct, frozen=True):
    item: str  # How the file itself names it: an identifier, a path, a question's number.
    title: str
    kind: str  # "page", "image", "question", …
    state: ItemState
    reasons: list[Reason] = []
    reasons_count: int = 0  # Of all; `reasons` holds the first REASONS_MAX.


class ImportReport(msgspec.Struct, frozen=True):
    """Every item of the file, in the order of the file."""

    counts: dict[str, int]  # state → how many
    items: list[ReportItem]


class Sums(msgspec.Struct, frozen=True):
    """How much came of a file, or would come of it."""

    sections: int = 0
    lessons: int = 0
    questions: int = 0
    files: int = 0
    bytes: int = 0  # Of texts, and of the largest variant of each file.


def report_item(
    item: str, *, title: str, kind: str, state: ItemState, reasons: list[Reason] | None = None
) -> ReportItem:
    """One line of a report, long lists of reasons cut."""
    reasons = reasons or []
    return ReportItem(
        item=item[:500],
        title=title[:300],
        kind=kind,
        state=state,
        reasons=reasons[:REASONS_MAX],
        reasons_count=len(reasons),
    )


def report_of(items: list[ReportItem]) -> ImportReport:
    counts = Counter(item.state for item in items)
    return ImportReport(
        counts={state: counts[state] for state in ("ok", "partial", "skipped", "failed")}, items=items[:ITEMS_MAX]
    )
