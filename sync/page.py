"""A page as lines, cut into blocks: each block ends with a mark (or the end) and can be stored by itself.

scope · reconcile · left · joined · refused ─► increments ─► mark with cut ─► fills ─► last line
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from sync import protocol
from sync.cursor import Cursor, Filling, Pair, Writer
from sync.digest import digest_text
from sync.files import Offer, list_lines
from sync.protocol import Digests, NamedPair
from sync.pull import LogRow, Page

PathOf = Callable[[str], str]
_After = Callable[[LogRow], Cursor]


@dataclass
class Pace:
    """How many bytes of lines go between two marks; whoever compresses them keeps it near 4 KB on the wire."""

    raw_bytes: int = 3_600  # Until it is known how well they pack: the first mark, too, must come through a thin link.


def write_page(
    page: Page, opening: Sequence[bytes], collections: Mapping[int, str], pace: Pace, path_of: PathOf = str
) -> Iterator[bytes]:
    """The whole answer, block by block. `opening`: the first line and the receipts. `collections`: names by number.

    `path_of`: where a bucket's files are fetched.
    """
    writer = _Writer(page, collections, pace, path_of)
    block = [*opening, *writer.scope()]
    for piece in writer.body():
        block.append(piece.lines)
        if piece.is_end:
            yield b"".join(block)
            block = []


@dataclass(frozen=True)
class _Piece:
    lines: bytes
    is_end: bool


class _Writer:
    def __init__(self, page: Page, collections: Mapping[int, str], pace: Pace, path_of: PathOf) -> None:
        self.page = page
        self.collections = collections
        self.pace = pace
        self.path_of = path_of
        self.cursor = page.start
        self.cursors = Writer(page.look.key)

    def scope(self) -> list[bytes]:
        page = self.page
        lines: list[bytes] = []
        if page.has_scope:
            lines += protocol.scope_lines(self._scope_entries())
        if page.is_off_chain:
            lines += protocol.pair_lines("reconcile", self._named(page.reconcile)) or [protocol.line({"reconcile": []})]
        lines += protocol.refused_lines(page.refused)
        return lines

    def body(self) -> Iterator[_Piece]:
        yield from self._coverage()
        yield from self._rows(self.page.increments, self._after_increment)
        if not self.page.at_head:
            yield self._last(replace(self.cursor), settled=None, digests={})
            return
        self.cursor = replace(
            self.cursor, position=self.page.look.head, last_cut=self.page.look.head, is_outdated=False
        )
        digests = self._digests(self.page.digests)
        if self.page.fills or self.page.filled or self.page.more:
            yield _Piece(b"".join(self._cut(digests)), is_end=True)
            self.cursor = replace(self.cursor, coverage=dict(self.cursor.coverage))
            yield from self._rows(self.page.fills, self._after_fill)
            coverage = self.cursor.coverage | dict.fromkeys(self.page.filled)
            self.cursor = replace(self.cursor, coverage=coverage)
            digests = self._digests(self.page.filled)
        yield self._last(self.cursor, settled=self.page.look.settled, digests=digests)

    def _coverage(self) -> Iterator[_Piece]:
        """`left` and `joined`; a mark may stand after each, for its cursor holds exactly what was named above it.

        The first line of a list of files stands above the `joined` of its set: who has only one of them has neither.
        """
        for part in self._chunks(self.page.left):
            self.cursor = replace(
                self.cursor, coverage={p: s for p, s in self.cursor.coverage.items() if p not in part}
            )
            yield self._change("left", part)
        for part in self._chunks([pair for pair in self.page.joined if pair not in self.page.files]):
            self.cursor = replace(self.cursor, coverage=self.cursor.coverage | {p: self.page.joined[p] for p in part})
            yield self._change("joined", part)
        for pair, offer in self.page.files.items():
            lines = self._list(pair, offer)
            if pair in self.page.joined:
                self.cursor = replace(self.cursor, coverage=self.cursor.coverage | {pair: self.page.joined[pair]})
                lines[0] += protocol.pair_lines("joined", self._named([pair]))[0]
            for text in lines:
                yield _Piece(text + protocol.mark_line(self._text()), is_end=True)

    def _list(self, pair: Pair, offer: Offer) -> list[bytes]:
        bucket, tier = self.page.names[pair[0]], pair[1]
        return list_lines(bucket, tier, offer.base, self.path_of(bucket), first=offer.first)

    def _change(self, name: str, part: Sequence[Pair]) -> _Piece:
        lines = b"".join(protocol.pair_lines(name, self._named(part)))
        is_long = len(lines) > protocol.LINE_BYTES_MAX // 2
        return _Piece(lines + protocol.mark_line(self._text()), is_end=True) if is_long else _Piece(lines, is_end=False)

    def _rows(self, rows: Sequence[LogRow], after: _After) -> Iterator[_Piece]:
        """Lines under their headings; a mark before the row with which they would be more than the pace allows."""
        pending: list[bytes] = []  # without their line ends
        size = 0
        above: tuple[int, int] | None = None
        before: LogRow | None = None
        for row in rows:
            _, bucket, tier, collection, line = row
            if before is not None and size and size + len(line) > self.pace.raw_bytes:
                self.cursor = after(before)
                yield _Piece(b"\n".join(pending) + b"\n" + protocol.mark_line(self._text()), is_end=True)
                pending, size = [], 0
            if above != (bucket, collection):
                above = (bucket, collection)
                pending.append(protocol.heading(self.page.names[bucket], self.collections[collection], tier))
                if before is not None and before[1:3] != (bucket, tier):
                    self.cursor = after(before)  # Else the next mark would say that its set had not begun.
            before = row
            pending.append(line)
            size += len(line)
        if rows:
            self.cursor = after(rows[-1])
        if pending:
            yield _Piece(b"\n".join(pending) + b"\n", is_end=False)

    def _after_increment(self, row: LogRow) -> Cursor:
        return replace(self.cursor, position=row.position)

    def _after_fill(self, row: LogRow) -> Cursor:
        """Pairs are filled one after the other.

        Those above this row's are done, and say so with the last line's digests.
        """
        coverage = (
            self.cursor.coverage
        )  # Ours since the cut; copying it for each mark would be half the work of a page.
        state = coverage[row.bucket, row.tier]
        assert state is not None
        coverage[row.bucket, row.tier] = Filling(state.bound, row.position, state.is_tail)
        if not state.position:
            self.cursors.forget()
        return self.cursor

    def _cut(self, digests: Digests) -> list[bytes]:
        lines = _split_digests(digests)
        return [
            *lines,
            protocol.cut_line(self._text(), settled=self.page.look.settled, digests={} if lines else digests),
        ]

    def _last(self, cursor: Cursor, *, settled: int | None, digests: Digests) -> _Piece:
        lines = _split_digests(digests)
        self.cursor = replace(cursor, is_final=not self.page.more)
        last = protocol.last_line(self._text(), more=self.page.more, settled=settled, digests={} if lines else digests)
        return _Piece(b"".join([*lines, last]), is_end=True)

    # --- names ---

    def _text(self) -> str:
        return self.cursors.text(self.cursor)

    def _named(self, pairs: Sequence[Pair]) -> list[NamedPair]:
        return [(self.page.names[bucket], tier) for bucket, tier in pairs]

    def _chunks(self, pairs: Sequence[Pair]) -> list[Sequence[Pair]]:
        chunks: list[Sequence[Pair]] = []
        start = 0
        for part in protocol.pair_chunks(self._named(pairs)):
            chunks.append(pairs[start : start + len(part)])
            start += len(part)
        return chunks

    def _digests(self, pairs: Sequence[Pair]) -> Digests:
        digests: Digests = {}
        for bucket, tier in pairs:
            total = self.page.look.totals.get((bucket, tier))
            text = digest_text(0, 0) if total is None else digest_text(total.count, total.digest)
            digests.setdefault(self.page.names[bucket], {})[str(tier)] = text
        return digests

    def _scope_entries(self) -> Iterator[dict[str, object]]:
        held = {**self.page.start.coverage, **self.page.joined}
        for pair, state in sorted(held.items()):
            total = self.page.look.totals.get(pair)
            if pair in self.page.left or total is None or total.count == 0:
                continue
            state_name = "full" if state is None else "filling"
            yield {
                "bucket": self.page.names[pair[0]],
                "tier": pair[1],
                "rows": total.count,
                "bytes": total.bytes,
                "state": state_name,
            }


def _split_digests(digests: Digests) -> list[bytes]:
    """Lines of their own when they are too many for the line that they belong to."""
    size = sum(len(bucket) + 8 + 36 * len(tiers) for bucket, tiers in digests.items())
    return protocol.digest_lines(digests) if size > protocol.LINE_BYTES_MAX // 2 else []
