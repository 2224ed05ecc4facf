"""What a decoder does not take."""

from typing import Any

Answer = dict[str, Any]  # What a decoder made, as plain values for JSON.


class Refused(Exception):
    """`code` is a `noun.reason` of the product, `words` are for the person who sent the file."""

    def __init__(self, code: str, words: str) -> None:
        self.code = code
        self.words = words
        super().__init__(code, words)
