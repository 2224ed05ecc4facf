"""Making an account."""

from email import message_from_bytes
from typing import Any

import pytest

from tests.support.api import PASSWORD, Api

AMINA: dict[str, Any] = {"email": "Amina@Example.org", "password": PASSWORD, "full_name": "Amina Karimova"}


async def test_a_new_and_a_known_e_mail_are_answered_alike_and_only_the_mail_differs(api: Api) -> None:
    first = await api.http.post("/api/v1/auth/register", json=AMINA)
    second = await api.http.post("/api/v1/auth/register", json={**AMINA, "email": "amina@example.org"})
    await api.run_jobs()

    assert first.status_code == second.status_code == 201
    assert first.json()["data"]["verification"] == second.json()["data"]["verification"] == "sent"
    assert "id" not in first.json()["data"]["user"]
    mails = [message_from_bytes(path.read_bytes()) for path in (api.settings.data / "mail").iterdir()]
    assert sorted(str(mail["Subject"]) for mail in mails) == ["Confirm your e-mail", "You have an account already"]


async def test_the_link_of_the_mail_verifies_the_e_mail_and_may_be_opened_twice(api: Api) -> None:
    await api.http.post("/api/v1/auth/register", json=AMINA)
    await api.run_jobs()
    [path] = (api.settings.data / "mail").iterdir()
    body = message_from_bytes(path.read_bytes()).get_payload(decode=True)
    assert isinstance(body, bytes)
    token = body.decode().split("token=")[1].strip()

    for _ in range(2):
        assert (await api.http.post("/api/v1/auth/verify-email", json={"token": token})).status_code == 200

    answer = await api.http.post("/api/v1/auth/login", json={"email": "amina@example.org", "password": PASSWORD})
    assert answer.json()["data"]["user"]["email_verified"] is True


@pytest.mark.parametrize("role", ["staff", "admin", "super_admin", "teacher"])
async def test_nobody_registers_as_staff(api: Api, role: str) -> None:
    answer = await api.http.post("/api/v1/auth/register", json={**AMINA, "role": role})

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "field.invalid")


@pytest.mark.parametrize(
    ("password", "word"),
    [
        ("Ab1!", "8 to 128"),
        ("alllower1!", "upper-case"),
        ("ALLUPPER1!", "lower-case"),
        ("NoDigits!!", "digit"),
        ("NoSigns11", "sign"),
        ("P@ssw0rd1", "list of guesses"),
    ],
)
async def test_a_weak_password_is_refused_with_the_remedy(api: Api, password: str, word: str) -> None:
    answer = await api.http.post("/api/v1/auth/register", json={**AMINA, "password": password})

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "password.weak")
    assert word in answer.json()["error"]["fields"]["password"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"is_admin": True}, "is_admin"),
        ({"email": "no-at-sign"}, "email"),
        ({"full_name": ""}, "full_name"),
        ({"locale": "xx"}, "locale"),
    ],
)
async def test_a_wrong_or_unknown_field_is_named(api: Api, change: dict[str, object], field: str) -> None:
    answer = await api.http.post("/api/v1/auth/register", json={**AMINA, **change})

    assert answer.status_code == 422, answer.text
    assert field in answer.text


async def test_control_characters_leave_a_name_and_a_name_of_nothing_is_refused(api: Api) -> None:
    kept = await api.http.post("/api/v1/auth/register", json={**AMINA, "full_name": "Amina\u0000  Karimova\u202e"})
    empty = await api.http.post("/api/v1/auth/register", json={**AMINA, "full_name": "\u200b \u0007"})

    assert kept.json()["data"]["user"]["full_name"] == "Amina Karimova"
    assert (empty.status_code, empty.json()["error"]["code"]) == (422, "name.empty")
