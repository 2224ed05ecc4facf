"""The path of a session opens that session, for a day, and nothing else."""

from uuid import UUID

import pytest

from server.media.uploads.token import key_of, make_token, read_token

KEY = key_of(b"k" * 32)
ID = UUID("0198f2a0-1111-7000-8000-00000000abcd")


def test_a_token_opens_its_upload_until_it_runs_out() -> None:
    token = make_token(KEY, ID, expires_s=1_000)

    assert len(token) == 48
    assert read_token(KEY, token, now_s=999.9) == ID
    assert read_token(KEY, token, now_s=1_000) is None


@pytest.mark.parametrize("place", range(0, 48, 3))
def test_no_character_of_it_can_be_changed(place: int) -> None:
    token = make_token(KEY, ID, expires_s=1_000)
    other = "A" if token[place] != "A" else "B"

    assert read_token(KEY, token[:place] + other + token[place + 1 :], now_s=1) is None


@pytest.mark.parametrize("token", ["", "A" * 47, "A" * 49, "=" * 48, "../" * 16, "A" * 47 + "é", "A" * 48])
def test_what_is_no_token_is_none(token: str) -> None:
    assert read_token(KEY, token, now_s=1) is None


def test_another_installation_has_other_tokens() -> None:
    token = make_token(key_of(b"x" * 32), ID, expires_s=1_000)

    assert read_token(KEY, token, now_s=1) is None
