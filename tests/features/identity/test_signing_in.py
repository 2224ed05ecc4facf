"""Signing in, staying signed in, and signing out."""

import httpx
from sqlalchemy import text

from tests.support.api import PASSWORD, Api, email_of


async def sign_in(api: Api, name: str, password: str = PASSWORD, **more: object) -> httpx.Response:
    return await api.http.post("/api/v1/auth/login", json={"email": email_of(name), "password": password, **more})


async def refresh(client: httpx.AsyncClient, *, csrf: str | None = None, **body: object) -> httpx.Response:
    headers = {"x-csrf-token": client.cookies.get("csrf", "") if csrf is None else csrf}
    return await client.post("/api/v1/auth/refresh", json=body, headers=headers)


async def test_a_login_answers_a_token_the_person_and_a_cookie(api: Api) -> None:
    await api.add("Amina Karimova", "student")

    answer = await sign_in(api, "Amina")

    data = answer.json()["data"]
    assert answer.json()["success"] is True
    assert data["expires_in"] == 900
    assert data["user"]["roles"] == ["student"]
    assert "HttpOnly" in answer.headers.get_list("set-cookie")[0]
    me = await api.http.get("/api/v1/auth/me", headers={"authorization": f"Bearer {data['access_token']}"})
    assert me.json()["data"]["user"]["full_name"] == "Amina Karimova"


async def test_a_wrong_password_and_an_unknown_person_are_refused_alike(api: Api) -> None:
    await api.add("Amina Karimova", "student")

    wrong = await sign_in(api, "Amina", "Wrong-password-1")
    unknown = await sign_in(api, "Nobody", "Wrong-password-1")

    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json()["error"] == unknown.json()["error"]
    assert wrong.json()["error"]["code"] == "login.wrong"


async def test_five_wrong_passwords_close_the_door_even_to_the_right_one(api: Api) -> None:
    await api.add("Amina Karimova", "student")
    for _ in range(5):
        assert (await sign_in(api, "Amina", "Wrong-password-1")).status_code == 401

    answer = await sign_in(api, "Amina")

    assert answer.status_code == 429
    assert answer.json()["error"]["code"] == "login.too_many"
    assert int(answer.headers["retry-after"]) > 0


async def test_a_suspended_account_may_not_sign_in(api: Api) -> None:
    user_id = await api.add("Amina Karimova", "student")
    async with api.work.database.transaction() as tx:
        await tx.db.execute(text("update identity_users set status = 'suspended' where id = :id"), {"id": user_id})

    answer = await sign_in(api, "Amina")

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "account.suspended")


async def test_a_refresh_gives_the_next_token_and_the_old_one_works_once_more_within_the_grace(api: Api) -> None:
    await api.add("Amina Karimova", "student")
    await sign_in(api, "Amina")
    first = api.http.cookies["rt"]

    answer = await refresh(api.http)
    second = api.http.cookies["rt"]
    api.http.cookies.set("rt", first, domain="127.0.0.1")
    replayed = await refresh(api.http)

    assert answer.status_code == replayed.status_code == 200
    assert first != second
    assert api.http.cookies["rt"] == second  # The lost answer's successor, not a third one.


async def test_a_copied_token_ends_the_session_for_thief_and_owner(api: Api) -> None:
    await api.add("Amina Karimova", "student")
    signed_in = await sign_in(api, "Amina")
    access = signed_in.json()["data"]["access_token"]
    stolen = api.http.cookies["rt"]
    await refresh(api.http)
    await refresh(api.http)

    api.http.cookies.set("rt", stolen, domain="127.0.0.1")
    thief = await refresh(api.http)
    owner = await api.http.get("/api/v1/auth/me", headers={"authorization": f"Bearer {access}"})

    assert (thief.status_code, thief.json()["error"]["code"]) == (401, "token.reused")
    assert (owner.status_code, owner.json()["error"]["code"]) == (401, "token.bad")


async def test_a_replay_from_another_device_is_a_copy(api: Api) -> None:
    await api.add("Amina Karimova", "student")
    await sign_in(api, "Amina", device_id="0198c0de-0000-7000-8000-000000000001")
    first = api.http.cookies["rt"]
    await refresh(api.http, device_id="0198c0de-0000-7000-8000-000000000001")

    api.http.cookies.set("rt", first, domain="127.0.0.1")
    other = await refresh(api.http, device_id="0198c0de-0000-7000-8000-000000000002")

    assert other.json()["error"]["code"] == "token.reused"


async def test_the_cookie_alone_does_not_refresh(api: Api) -> None:
    await api.add("Amina Karimova", "student")
    await sign_in(api, "Amina")

    forged = await refresh(api.http, csrf="guess")

    assert (forged.status_code, forged.json()["error"]["code"]) == (403, "csrf.failed")


async def test_signing_out_ends_this_session_and_signing_out_everywhere_ends_all(api: Api) -> None:
    await api.add("Amina Karimova", "student")
    first, second = await api.token("Amina"), await api.token("Amina")
    third = (await sign_in(api, "Amina")).json()["data"]["access_token"]

    await api.http.post("/api/v1/auth/logout", json={}, headers={"x-csrf-token": api.http.cookies["csrf"]})
    assert await status_of(api, third) == 401
    assert await status_of(api, first) == 200

    await api.http.post("/api/v1/auth/logout-all", headers={"authorization": f"Bearer {first}"})
    assert await status_of(api, first) == 401
    assert await status_of(api, second) == 401


async def test_a_role_taken_away_counts_at_once_although_the_token_names_it(api: Api) -> None:
    user_id = await api.add("Oybek Rahimov", "educator")
    token = await api.token("Oybek")
    async with api.work.database.transaction() as tx:
        await tx.db.execute(
            text("update identity_user_roles set deleted_at = now() where user_id = :id"), {"id": user_id}
        )

    me = await api.http.get("/api/v1/auth/me", headers={"authorization": f"Bearer {token}"})

    assert me.json()["data"]["permissions"] == []


async def test_no_token_garbage_and_another_key_are_401(api: Api) -> None:
    bare = await api.http.get("/api/v1/auth/me")
    garbage = await api.http.get("/api/v1/auth/me", headers={"authorization": "Bearer x.y.z"})

    assert (bare.status_code, bare.json()["error"]["code"]) == (401, "auth.required")
    assert (garbage.status_code, garbage.json()["error"]["code"]) == (401, "token.bad")


async def status_of(api: Api, token: str) -> int:
    answer = await api.http.get("/api/v1/auth/me", headers={"authorization": f"Bearer {token}"})
    return answer.status_code
