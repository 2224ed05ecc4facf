"""`GET /packages/frame/…`: the document in which a package runs. Its own header takes everything of ours from it.

The sandbox has no origin: no cookies, no stored data, no door into the page around it. Nothing may be fetched: all that
a package shows comes from the zip on the phone, as `blob:` addresses that live in the frame alone. What follows the
address is the package's own path, so that its relative links mean what their author meant.
"""

from typing import Any

from litestar import Request, Response, get

from server.base.http.page import Page

FILE = "packages/frame.html"
ACTIVE = "'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob: data:"
POLICY = "; ".join(
    (
        "sandbox allow-scripts allow-forms",
        "default-src 'none'",
        f"script-src {ACTIVE}",
        "style-src 'unsafe-inline' blob: data:",
        "img-src blob: data:",
        "media-src blob: data:",
        "font-src blob: data:",
        "connect-src blob: data:",
        "frame-src blob:",
        "worker-src blob:",
        "form-action 'none'",
        "frame-ancestors 'self'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
    "permissions-policy": (
        "camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), bluetooth=(), hid=(), midi=(),"
        " display-capture=(), clipboard-read=()"
    ),
    "cross-origin-resource-policy": "same-origin",
    "x-dns-prefetch-control": "off",
    "vary": "accept-encoding",
}


@get(
    ["/packages/frame", "/packages/frame/{path:path}"],
    opt={"public": True},
    include_in_schema=False,
    sync_to_thread=False,
)
def get_frame(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The same document, whatever the path: what it shows, it gets from the page around it."""
    page: Page = request.app.state.page
    found = page.find(FILE)
    headers = {**HEADERS, "etag": found.etag, "cache-control": "no-cache"}
    if request.headers.get("if-none-match") == found.etag:
        return Response(b"", status_code=304, headers=headers)
    body = found.body
    if found.brotli is not None and "br" in request.headers.get("accept-encoding", ""):
        body = found.brotli
        headers["content-encoding"] = "br"
    return Response(body, headers=headers, media_type="text/html")
