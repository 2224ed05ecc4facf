"""The document in which packages run: what its header takes from them."""

from pathlib import Path

import httpx
from litestar import Litestar
from litestar.datastructures import State

from server.base.http.middleware import request_frame
from server.base.http.page import Page
from server.packages.frame import get_frame


async def test_the_frame_s_own_header_takes_everything_of_ours_from_a_package(tmp_path: Path) -> None:
    built = tmp_path / "packages" / "frame.html"
    built.parent.mkdir()
    built.write_text("<!doctype html><script>1</script>")
    app = Litestar([get_frame], middleware=[request_frame], state=State({"page": Page(tmp_path)}), openapi_config=None)
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # Litestar types its scopes more narrowly
    async with httpx.AsyncClient(transport=transport, base_url="http://spark") as client:
        answer = await client.get("/packages/frame/any/page.html?a=1")
        again = await client.get("/packages/frame", headers={"if-none-match": answer.headers["etag"]})

    assert answer.text == built.read_text()
    policy = answer.headers["content-security-policy"].split("; ")
    assert policy[:2] == ["sandbox allow-scripts allow-forms", "default-src 'none'"]
    assert [rule for rule in policy if "'self'" in rule or "http" in rule or "*" in rule] == ["frame-ancestors 'self'"]
    assert {"connect-src blob: data:", "frame-src blob:", "form-action 'none'"} <= set(policy)
    assert "x-frame-options" not in answer.headers
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert (again.status_code, "content-security-policy" in again.headers) == (304, True)
