"""The body of a request, unpacked within limits: a small bomb is refused before it has grown."""

import zlib
from collections.abc import Mapping

from sync.errors import ExchangeError
from sync.ops import BODY_BYTES_MAX

GZIP_BITS = 31  # zlib's number for a gzip header


def check_headers(headers: Mapping[str, str], *, bytes_max: int = BODY_BYTES_MAX) -> None:
    """Raises ExchangeError: 413 for a length we would not take, 415 for another type or packing.

    Before anything is read.
    """
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ExchangeError(
            415, "request.content_type", f"A request is application/json, not {kind[:60] or 'nothing'}."
        )
    packing = headers.get("content-encoding", "identity").strip().lower()
    if packing not in ("identity", "gzip"):
        raise ExchangeError(415, "request.content_encoding", f"A request is plain or gzip, not {packing[:60]}.")
    length = headers.get("content-length", "0")
    if length.isascii() and length.isdigit() and int(length) > bytes_max:
        raise too_large(bytes_max)


def unpack(body: bytes, headers: Mapping[str, str], *, bytes_max: int = BODY_BYTES_MAX) -> bytes:
    """The decoded body. Raises ExchangeError: 413 above the limit, 422 for a broken gzip stream."""
    if headers.get("content-encoding", "identity").strip().lower() == "gzip":
        body = _gunzip(body, bytes_max)
    if len(body) > bytes_max:
        raise too_large(bytes_max)
    return body


def too_large(bytes_max: int = BODY_BYTES_MAX) -> ExchangeError:
    return ExchangeError(
        413,
        "request.too_large",
        f"A request holds at most {bytes_max} bytes unpacked; send less at once.",
        details={"max_bytes": bytes_max},
    )


def _gunzip(body: bytes, bytes_max: int) -> bytes:
    stream = zlib.decompressobj(GZIP_BITS)
    try:
        raw = stream.decompress(body, bytes_max + 1)
    except zlib.error as error:
        raise ExchangeError(422, "request.gzip", "The body is no gzip stream.") from error
    if len(raw) > bytes_max:
        raise too_large(bytes_max)
    if not stream.eof or stream.unused_data:
        raise ExchangeError(422, "request.gzip", "The gzip stream is cut short, or something follows it.")
    return raw
