"""Phones against a bad network, from a seed; stories that broke a law; proof that the oracles see. SPEC.md S."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sync.testing.oracles import Violation
from sync.testing.phone import id_of
from sync.testing.runner import run_seeds
from sync.testing.shrinking import law_of, shrink, tell
from sync.testing.sim_phone import SimPhone
from sync.testing.sim_server import SimServer
from sync.testing.small import Bounds, SmallWorld, run
from sync.testing.story import Story
from sync.testing.world import run_story, run_world
from tests.simulation.mutations import KEPT, MUTATIONS

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.json"))
WORLDS = 60
WORLDS_TO_CATCH = 60
DAY_MS = 86_400_000
LAWS = ("L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "L10")


@pytest.mark.parametrize("start", range(0, WORLDS, 20))
def test_S1_no_world_breaks_a_law(start: int):
    tally = run_seeds(start, 20)

    assert tally.broken == {}
    assert tally.stats["ended"] > 100


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_S2_what_once_broke_stays_mended(path: Path):
    story = Story.from_data(json.loads(path.read_text()))

    _, violation = run_story(story)

    assert violation is None


@pytest.mark.parametrize(
    "path", [path for path in CORPUS if "mutation" in json.loads(path.read_text())], ids=lambda path: path.stem
)
def test_S2_a_kept_story_still_breaks_what_it_was_kept_for(path: Path):
    data = json.loads(path.read_text())

    with MUTATIONS[data["mutation"]].made():
        _, violation = run_story(Story.from_data(data))

    assert law_of(violation) == data["law"].partition(" ")[0]


def test_S3_one_seed_is_one_story():
    first, again = run_world(7)[0], run_world(7)[0]

    assert first.stats == again.stats
    assert first.server.log.items == again.server.log.items


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in MUTATIONS if MUTATIONS[name].seed != KEPT])
def test_S4_the_oracles_see_an_engine_that_is_broken_on_purpose(name: str):
    mutation = MUTATIONS[name]

    with mutation.made():
        seen = any(run_world(seed)[1] is not None for seed in range(mutation.seed, mutation.seed + WORLDS_TO_CATCH))

    assert seen


def test_S4_every_mutation_has_a_story():
    kept = {json.loads(path.read_text()).get("mutation") for path in CORPUS}

    assert set(MUTATIONS) <= kept


def test_P10_a_set_whose_rows_were_all_swept_is_told_to_an_outdated_phone():
    server, phone = SimServer(strike=lambda _: None, publishes_at_once=lambda: True), phone_of("amina")
    note = {"id": id_of("note"), "user_id": phone.user_id, "text": "words"}
    server.store.tables.put("sample_notes", note)
    exchange(server, phone, now_ms=DAY_MS)
    server.store.tables.put("sample_notes", {**note, "deleted_at": datetime(2026, 1, 1, tzinfo=UTC)})
    server.publish(now_ms=DAY_MS)
    server.log.sweep(now_ms=200 * DAY_MS)

    for _ in range(3):
        exchange(server, phone, now_ms=200 * DAY_MS)

    assert phone.rows.shown == {}


def phone_of(name: str) -> SimPhone:
    return SimPhone(id_of(f"user {name}"), id_of)


def exchange(server: SimServer, phone: SimPhone, *, now_ms: int) -> None:
    request = phone.ask()
    assert request is not None
    if request.compares is None:
        reply = run(server.exchange(request.body, user_id=phone.user_id, now_ms=now_ms))
    else:
        reply = run(server.compare(request.body, user_id=phone.user_id))
    phone.hear(request, reply.status, reply.body, reply.error)


@pytest.mark.parametrize("law", LAWS)
def test_S4_each_law_is_broken_by_a_mutation(law: str):
    assert any(name.startswith(f"{law} ") for name in MUTATIONS)


def test_S5_a_failing_story_is_made_short_and_breaks_the_same_law():
    with MUTATIONS["L4 a group is applied in part"].made():
        story = next(story for seed in range(20) if law_of(run_story(story := Story.drawn(seed))[1]) == "U23")
        short = shrink(story)
        law = law_of(run_story(short)[1])
        told = tell(short)

    assert law == "U23"
    assert len(short.steps) < 10 < len(story.steps)
    assert short.setting.phones == (1,)
    assert Story.from_data(json.loads(told.splitlines()[-1])) == short


def test_S5_leaving_out_a_step_does_not_change_what_the_others_draw():
    story = Story.drawn(3)
    number = story.steps[20][1]

    assert Story(story.setting, story.steps[20:]).chance(number).random() == story.chance(number).random()


@pytest.mark.slow
@pytest.mark.parametrize(
    "bounds",
    [Bounds(ops=(1, 1), late=1, repeats=0, restores=0), Bounds(ops=(2, 1), late=0, repeats=1, restores=0)],
    ids=["an answer comes late", "three ops, a request comes twice"],
)
def test_S6_every_order_of_a_small_world_keeps_the_laws_and_finds_rest(bounds: Bounds):
    found = SmallWorld(bounds).explore()

    assert found.states > 500
    assert found.resting > 10


@pytest.mark.parametrize("name", ["O what is settled is told before the log has it", "L1 a batch is split"])
def test_S6_a_small_world_sees_an_engine_that_is_broken_on_purpose(name: str):
    small = SmallWorld(Bounds(ops=(1, 1), late=1, repeats=1, restores=1))

    with MUTATIONS[name].made(), pytest.raises(Violation):
        small.explore()
