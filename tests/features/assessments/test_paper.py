"""The paper of an attempt: the phone and the server lay it out alike, and neither order nor ids tell the key."""

import re
from pathlib import Path
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from server.assessments.drafting import draft_item
from server.assessments.interchange.gift import parse_gift
from server.assessments.keys import ChoiceKey
from server.assessments.paper import options_order, order_key, paper_order
from server.assessments.values import Option

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "paper.md"
ATTEMPT = UUID("01980000-0000-7000-8000-00000000000a")
ASSESSMENT = UUID("01980000-0000-7000-8000-00000000000b")


def test_the_documented_vectors_hold() -> None:
    blocks = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    vector = msgspec.json.decode(blocks[0])

    assert {text: order_key(text) for text in vector["order_key"]} == vector["order_key"]
    paper = vector["paper"]
    attempt, assessment = UUID(paper["attempt_id"]), UUID(paper["assessment_id"])
    items = [UUID(item) for item in paper["items"]]
    laid_out = paper_order(items, attempt_id=attempt, assessment_id=assessment, revision=paper["revision"])
    assert [str(item) for item in laid_out] == paper["items_laid_out"]
    options = [Option(option, option) for option in paper["options"]]
    laid_out_options = options_order(options, attempt_id=attempt, item_id=items[0])
    assert [option.id for option in laid_out_options] == paper["options_laid_out"]


@given(st.permutations([UUID(int=place) for place in range(20)]))
def test_the_order_depends_on_the_attempt_and_not_on_how_items_arrive(items: list[UUID]) -> None:
    laid_out = paper_order(items, attempt_id=ATTEMPT, assessment_id=ASSESSMENT, revision=1)

    assert laid_out == paper_order(sorted(items), attempt_id=ATTEMPT, assessment_id=ASSESSMENT, revision=1)
    assert sorted(laid_out) == sorted(items)


def test_every_place_of_the_paper_is_as_likely() -> None:
    """Goal: the shuffle favours no item. Method: count where the first of eight lands over 4,000 attempts."""
    items = [UUID(int=place) for place in range(8)]
    landed = [0] * 8
    for attempt in range(4_000):
        laid_out = paper_order(items, attempt_id=UUID(int=attempt << 64), assessment_id=ASSESSMENT, revision=1)
        landed[laid_out.index(items[0])] += 1

    assert all(400 < count < 600 for count in landed), landed


def test_ids_and_places_of_options_do_not_give_the_right_one_away() -> None:
    """Goal: the first answer of every question is right in the file; on the phone it is anywhere."""
    source = "\n\n".join(f"::{n}::Q{n} {{=right {n} ~wrong {n} ~bad {n} ~false {n}}}" for n in range(400))
    places = [0] * 4
    for number, question in enumerate(parse_gift(source).questions):
        draft = draft_item(UUID(int=number), question)
        assert isinstance(draft.key, ChoiceKey)
        right = next(option for option, weight in draft.key.weights.items() if weight > 0)
        places[[option.id for option in draft.options].index(right)] += 1

    assert all(60 < count < 140 for count in places), places
