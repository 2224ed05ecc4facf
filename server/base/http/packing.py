"""Answers of some size, packed with brotli for who can read it: text comes at a quarter of its bytes."""

from litestar.config.compression import CompressionConfig
from litestar.middleware import DefineMiddleware
from litestar.middleware.compression import CompressionMiddleware

BYTES_MIN = 600  # Below, it fits into one packet anyway.
QUALITY = 5

PACKED = DefineMiddleware(
    CompressionMiddleware,
    config=CompressionConfig(
        backend="brotli", brotli_quality=QUALITY, minimum_size=BYTES_MIN, brotli_gzip_fallback=True
    ),
)
"""For the `middleware` of a route."""
