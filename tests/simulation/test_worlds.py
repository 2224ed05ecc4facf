"""Phones against a bad network, from a seed; and proof that the oracles see a broken engine. SPEC.md S."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from sync import push as push_module
from sync.memory import MemoryStore, MemoryUnit
from sync.memory_log import MemoryLog
from sync.pull import Look
from sync.receipts import StoredReceipt
from sync.round import Round
from sync.testing.world import run_world
from sync.wishes import Wish

WORLDS = 60
WORLDS_TO_CATCH = 120

# Seeds that once broke a law, each with its story.
NAMED_SEEDS = {
    41: "a journal trimmed without an answer in hand could not give back what a restore took",
    44: "off the chain, and nothing granted: the phone must still be told to drop what it holds",
    50: "an answer cut while rows were filled again: what was settled was hidden, and its rows were gone",
    316: "one op of a parked group was corrected: the others could neither be retried nor withdrawn",
}


@pytest.mark.parametrize("start", range(0, WORLDS, 20))
def test_S1_no_world_breaks_a_law(start: int):
    broken = {seed: str(violation) for seed in range(start, start + 20) if (violation := run_world(seed)[1])}

    assert broken == {}


@pytest.mark.parametrize("seed", NAMED_SEEDS, ids=NAMED_SEEDS.get)
def test_S2_what_once_broke_stays_mended(seed: int):
    _, violation = run_world(seed)

    assert violation is None


def test_S3_one_seed_is_one_story():
    first, again = run_world(7)[0], run_world(7)[0]

    assert first.stats == again.stats
    assert first.server.log.items == again.server.log.items


# --- broken on purpose ------------------------------------------------------------------------------------------


async def _known_to_nobody(_unit: MemoryUnit, _identities: Any) -> set[Any]:
    return set()


@asynccontextmanager
async def _undoes_nothing(_unit: MemoryUnit) -> AsyncIterator[None]:
    yield


def _any_hash(stored: StoredReceipt | None, _sent: Any) -> Any:
    return None if stored is None else stored.receipt


async def _settled_too_early(log: MemoryLog, asked: Any, *, with_all_totals: bool = False) -> Look:
    look = await _LOOK(log, asked, with_all_totals=with_all_totals)
    device = log.store.devices.get(asked.device_id)
    return replace(look, settled=device.watermark if device else 0)


async def _group_in_part(round_: Round, unit: list[Wish]) -> Any:
    for wish in unit:
        await _SETTLE_ALONE(round_, [wish])


async def _wakes_nobody(_store: MemoryStore, *_args: Any, **_more: Any) -> list[Any]:
    return []


_LOOK = MemoryLog.look
_SETTLE_ALONE = Round._settle_alone

MUTATIONS: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "identities are not kept": (MemoryUnit, "known", _known_to_nobody),
    "what a refused op wrote is not undone": (MemoryUnit, "savepoint", _undoes_nothing),
    "another op under a used number is taken for the same": (push_module, "_receipt_again", _any_hash),
    "what is settled is told before the log has it": (MemoryLog, "look", _settled_too_early),
    "a group is applied in part": (Round, "_settle_alone", _group_in_part),
    "nobody wakes what waits": (MemoryStore, "due", _wakes_nobody),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_S4_the_oracles_see_an_engine_that_is_broken_on_purpose(name: str, monkeypatch: pytest.MonkeyPatch):
    owner, attribute, broken = MUTATIONS[name]
    monkeypatch.setattr(owner, attribute, broken)

    assert any(run_world(seed)[1] is not None for seed in range(WORLDS_TO_CATCH))
