"""B rules: the witness as values, without a database."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from server.backup.witness import Seen, Witness, begin, go_on, judge, lost_after, read_witness, thin
from sync.postgres.restoring import Head

START = datetime(2026, 11, 21, 8, tzinfo=UTC)


def head(position: int, *, at_s: int = 0, epoch: int = 1, tag: str | None = None) -> Head:
    return Head(epoch, position, tag or f"{position:02x}", START + timedelta(seconds=at_s))


def watched(*steps: tuple[int, int]) -> Witness:
    """A witness of a log that came to these positions at these seconds, one batch and one note a position."""
    witness = begin(head(0))
    for position, at_s in steps:
        grown = position - witness.head.position
        witness = go_on(witness, head(position, at_s=at_s), batches=grown, rows={"school.notes": grown})
    return witness


def test_B7_the_loss_is_what_lies_between_the_copy_and_the_witness() -> None:
    witness = watched((4, 10), (9, 20), (12, 30))

    lost = lost_after(witness, head(5, at_s=11))

    assert lost is not None
    assert (lost.batches, lost.positions, dict(lost.rows)) == (8, 7, {"school.notes": 8})  # At most: from 4 on.
    assert (lost.since, lost.until) == (START + timedelta(seconds=11), START + timedelta(seconds=30))


def test_B7_a_copy_as_new_as_the_witness_has_lost_nothing() -> None:
    assert lost_after(watched((4, 10)), head(4, at_s=10)) is None
    assert lost_after(watched((4, 10)), head(9, at_s=20)) is None


def test_B7_the_past_is_thinned_out_and_keeps_its_sums() -> None:
    witness = watched(*((n, n * 60) for n in range(1, 3_000)))

    assert len(witness.past) < 140
    assert len(msgspec.json.encode(witness)) < 32_768
    lost = lost_after(witness, head(2_990, at_s=2_990 * 60))
    assert lost is not None
    assert lost.batches == 9
    assert thin(witness.past, now=witness.head.at) == witness.past


@pytest.mark.parametrize(
    ("now", "tag_at_witness", "verdict"),
    [
        pytest.param(head(7), "05", "agrees", id="it went on"),
        pytest.param(head(5), "05", "agrees", id="it stands still"),
        pytest.param(head(4), None, "behind", id="it went back"),
        pytest.param(head(7), "ff", "another log", id="it went back and grew again"),
        pytest.param(head(7), None, "another log", id="it went back and jumped over"),
        pytest.param(head(900), None, "agrees", id="the tag was swept"),
        pytest.param(head(3, epoch=2), None, "agrees", id="restored, and said so"),
        pytest.param(head(9, epoch=3), "05", "another log", id="an epoch that it never left"),
    ],
)
def test_B6_a_log_is_judged_by_what_the_witness_saw(now: Head, tag_at_witness: str | None, verdict: str) -> None:
    oldest = 100 if now.position > 100 else 0

    epochs_before = {1} if now.epoch == 2 else set()
    found = judge(watched((5, 10)), now, tag_at_witness=tag_at_witness, oldest=oldest, epochs_before=epochs_before)

    assert found == verdict


def test_B6_of_two_objects_the_newer_one_that_is_whole_counts() -> None:
    older, newer = watched((4, 10)), watched((4, 10), (9, 20))

    assert read_witness([msgspec.json.encode(older), msgspec.json.encode(newer)]) == newer
    assert read_witness([msgspec.json.encode(older), msgspec.json.encode(newer)[:-9]]) == older
    assert read_witness([b"", b"{}"]) is None


def test_B7_what_a_witness_says_of_a_moment_is_read_back_equal() -> None:
    seen = Seen(position=4, tag="04", at=START, batches=4, rows={"school.notes": 4})

    assert msgspec.json.decode(msgspec.json.encode(seen), type=Seen) == seen
