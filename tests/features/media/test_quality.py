"""What of a file a phone takes: the very cases that the page is held to."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from server.catalog.packs import ShownFile
from server.media.quality import QUALITIES, Phone, choose

CASES = json.loads((Path(__file__).parents[3] / "pwa" / "test" / "media" / "quality.json").read_text(encoding="utf-8"))


def file_of(case: dict[str, Any]) -> ShownFile:
    return msgspec.convert(case["file"], type=ShownFile)


def phone_of(case: dict[str, Any]) -> Phone:
    phone = case["phone"]
    return Phone(phone["width"], phone["ratio"], is_saving=phone["isSaving"], has_opus=phone["hasOpus"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_quality_is_chosen_as_on_the_phone(case: dict[str, Any]) -> None:
    chosen = choose(file_of(case), case["quality"], phone_of(case))

    assert [one.name for one in chosen] == case["chosen"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_no_phone_pays_more_than_the_price_that_was_said(case: dict[str, Any]) -> None:
    """For pictures and films; who has no Opus takes MP3, which is larger."""
    phone = phone_of(case)
    if not phone.has_opus:
        return
    for quality in QUALITIES:
        said = sum(one.bytes for one in choose(file_of(case), quality))
        assert sum(one.bytes for one in choose(file_of(case), quality, phone)) <= said
