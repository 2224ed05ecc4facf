"""F rules without a database: where chunks end, what a capability opens, when a base is worth its work."""

import hashlib
import json
import random
import tracemalloc
from collections.abc import Iterator, Sequence
from uuid import UUID

import pytest

from sync.cutting import BYTES_MIN, HOLDERS_MIN, REST_S, Standing
from sync.files import (
    CAPABILITY_DAYS,
    CHUNK_BYTES,
    CHUNK_BYTES_MAX,
    Base,
    Chunk,
    Chunker,
    RawChunk,
    list_lines,
    make_capability,
    read_capability,
    window_rows,
)
from sync.protocol import LINE_BYTES_MAX

KEY = b"the installation's"
LESSONS, TEXTS = "school.lessons", "school.texts"

Row = tuple[str, bytes, bytes]  # collection, id, line


def rows_of(seed: int, count: int, *, collection: str = LESSONS, size: int = 430) -> list[Row]:
    rng = random.Random(seed)
    return sorted(row_of(rng, collection, int(rng.gauss(size, size / 3))) for _ in range(count))


def row_of(rng: random.Random, collection: str, size: int) -> Row:
    id_ = UUID(int=rng.getrandbits(128))
    head = f'[1,{{"id":"{id_}","words":"'.encode()
    return collection, id_.bytes, head + bytes(rng.choices(b"abcdef ", k=max(8, size - len(head) - 3))) + b'"}]'


def cut(rows: Sequence[Row], windows: dict[str, int] | None = None) -> list[RawChunk]:
    return list(cutting(rows, windows or windows_of(rows)))


def windows_of(rows: Sequence[Row]) -> dict[str, int]:
    sizes: dict[str, list[int]] = {}
    for collection, _, line in rows:
        sizes.setdefault(collection, []).append(len(line))
    return {name: window_rows(len(found), sum(found)) for name, found in sizes.items()}


def cutting(rows: Sequence[Row], windows: dict[str, int]) -> Iterator[RawChunk]:
    chunker = Chunker(windows)
    for row in rows:
        yield from chunker.feed(*row)
    yield from chunker.end()


def lines_in(chunks: Sequence[RawChunk]) -> list[tuple[str, bytes]]:
    """(collection, line) of each row, as a phone reads the files one by one."""
    found = []
    for chunk in chunks:
        collection = ""
        for raw in chunk.body.splitlines():
            match json.loads(raw):
                case {"collection": collection}:
                    pass
                case _:
                    found.append((collection, raw))
    return found


# --- chunks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [100, 430, 2_000, 20_000])
def test_F1_chunks_hold_every_row_once_and_are_about_96_kib(size: int) -> None:
    rows = [*rows_of(1, 600_000 // size, size=size), *rows_of(2, 40, collection=TEXTS, size=3_000)]

    chunks = cut(rows)

    assert lines_in(chunks) == [(collection, line) for collection, _, line in rows]
    assert sum(chunk.rows for chunk in chunks) == len(rows)
    assert all(len(chunk.body) <= CHUNK_BYTES_MAX for chunk in chunks)
    average = sum(len(chunk.body) for chunk in chunks) / len(chunks)
    assert CHUNK_BYTES / 2 < average < CHUNK_BYTES * 2
    assert all(chunk.sha256 == hashlib.sha256(chunk.body).hexdigest() for chunk in chunks)


def test_F1_an_oversize_row_travels_alone() -> None:
    rng = random.Random(3)
    rows = sorted([*rows_of(3, 300), row_of(rng, LESSONS, CHUNK_BYTES_MAX + 5)])

    chunks = cut(rows)

    assert [chunk.rows for chunk in chunks if len(chunk.body) > CHUNK_BYTES_MAX] == [1]
    assert lines_in(chunks) == [(collection, line) for collection, _, line in rows]


@pytest.mark.parametrize("seed", range(12))
def test_F1_an_edited_row_changes_one_chunk_however_long_it_becomes(seed: int) -> None:
    rng = random.Random(seed)
    rows = rows_of(seed, 2_500)
    windows = windows_of(rows)
    before = {chunk.sha256 for chunk in cut(rows, windows)}

    place = rng.randrange(len(rows))
    collection, id_, _ = rows[place]
    rows[place] = (collection, id_, b'[2,{"id":"%s","words":"%s"}]' % (id_.hex().encode(), b"x" * rng.randrange(4_000)))

    assert len({chunk.sha256 for chunk in cut(rows, windows)} - before) == 1


@pytest.mark.parametrize("seed", range(12))
def test_F1_an_inserted_or_removed_row_changes_its_chunk_and_at_most_the_neighbours(seed: int) -> None:
    rng = random.Random(seed)
    rows = rows_of(seed, 2_500)
    windows = windows_of(rows)
    before = {chunk.sha256 for chunk in cut(rows, windows)}

    with_one_more = sorted([*rows, row_of(rng, LESSONS, 430)])
    gone = rng.randrange(len(rows))
    with_one_less = rows[:gone] + rows[gone + 1 :]

    for changed in (with_one_more, with_one_less):
        assert 1 <= len({chunk.sha256 for chunk in cut(changed, windows)} - before) <= 3


def test_F1_the_window_of_the_last_base_stays_while_the_set_grows() -> None:
    before = window_rows(1_000, 430_000)

    assert window_rows(3_000, 3_000 * 600, before=before) == before
    assert window_rows(3_000, 3_000 * 4_000, before=before) < before


def test_F1_cutting_holds_one_chunk_at_a_time_however_many_rows() -> None:
    one = row_of(random.Random(5), LESSONS, 430)[2]
    rows = ((LESSONS, place.to_bytes(16, "big"), one) for place in range(5_000))
    chunker = Chunker({LESSONS: window_rows(1, 430)})

    tracemalloc.start()
    size = sum(len(chunk.body) for row in rows for chunk in chunker.feed(*row))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert size > 2_000_000
    assert peak < 2 * CHUNK_BYTES_MAX


# --- the list ---------------------------------------------------------------------------------------------------


def test_F2_a_list_is_cut_into_lines_that_say_where_they_begin() -> None:
    base = Base(77, tuple(Chunk(hashlib.sha256(bytes([n])).hexdigest(), 60_000 + n, n) for n in range(100)))

    for first in (0, 37, 100):
        lines = list_lines("course:1", 2, base, "/files/x/", first=first)
        entries = [json.loads(line)["files"][0] for line in lines]

        assert all(len(line) <= LINE_BYTES_MAX for line in lines)
        assert {(entry["base"], entry["count"], entry["path"]) for entry in entries} == {(77, 100, "/files/x/")}
        merged = {entry["first"] + n: tuple(chunk) for entry in entries for n, chunk in enumerate(entry["chunks"])}
        named = enumerate(base.chunks[first:], start=first)
        assert merged == {place: (chunk.sha256, chunk.bytes, chunk.rows) for place, chunk in named}


# --- capabilities -----------------------------------------------------------------------------------------------


def test_F3_all_who_hold_a_bucket_have_one_path_a_day_and_it_opens_that_bucket_alone() -> None:
    word = make_capability(KEY, "course:1", day=20_000)

    assert word == make_capability(KEY, "course:1", day=20_000)
    assert word != make_capability(KEY, "course:1", day=20_001)
    assert read_capability(KEY, word, day=20_000)
    assert read_capability(KEY, word, day=20_000) != read_capability(
        KEY, make_capability(KEY, "course:2", day=20_000), day=20_000
    )
    assert len(word) < 64


def test_F3_a_path_is_good_for_its_day_and_two_more() -> None:
    word = make_capability(KEY, "course:1", day=20_000)

    good = [day for day in range(19_990, 20_010) if read_capability(KEY, word, day=day)]

    assert good == [19_999, 20_000, 20_001, 20_000 + CAPABILITY_DAYS]  # The day before: another process's clock.


def test_F3_nobody_else_can_make_one() -> None:
    word = make_capability(KEY, "course:1", day=20_000)
    rng = random.Random(9)

    assert read_capability(b"another installation's", word, day=20_000) is None
    for _ in range(300):
        place = rng.randrange(len(word) - 1)  # The last character carries bits that are not read.
        other = word[:place] + rng.choice("ABCDwxyz0189-_") + word[place + 1 :]
        assert other == word or read_capability(KEY, other, day=20_000) is None
    for text in ("", "x", word[:-3], word + "AAAA", "…", "%00", "=" * 50, word.swapcase()):
        assert read_capability(KEY, text, day=20_000) is None


# --- where it pays ----------------------------------------------------------------------------------------------


def standing(**changes: int | bool | None) -> Standing:
    usual: dict[str, int | bool | None] = {"rows": 1_000, "bytes": BYTES_MIN, "holders": HOLDERS_MIN}
    return Standing(**(usual | changes))  # type: ignore[arg-type]  # the names are Standing's


def test_F4_a_base_is_cut_where_many_hold_much_and_again_when_its_tail_is_long() -> None:
    day = 86_400

    assert standing().is_due
    assert not standing(bytes=BYTES_MIN - 1).is_due
    assert not standing(holders=HOLDERS_MIN - 1).is_due
    assert not standing(base_rows=1_000, tail_rows=200, age_s=day).is_due
    assert standing(base_rows=1_000, tail_rows=201, age_s=day).is_due
    assert not standing(base_rows=1_000, tail_rows=1_000, age_s=REST_S - 1).is_due  # however fast it changes
    assert standing(base_rows=1_000, age_s=21 * day).is_due
    assert standing(base_rows=1_000, is_lost=True).is_due
