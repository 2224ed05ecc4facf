"""What all readers share: words made plain, losses noted, one bad question kept from spoiling the others."""

import codecs
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from server.assessments.interchange.document import (
    PROMPT_LENGTH_MAX,
    TEXT_LENGTH_MAX,
    TITLE_LENGTH_MAX,
    Entry,
    Outcome,
    Question,
)
from server.assessments.interchange.markup import looks_like_html, to_plain
from server.assessments.interchange.refusals import BYTES_MAX, BadEncoding, TooManyQuestions, check_size

NUMBER_LENGTH_MAX = 40
EXPONENT_MAX = 300
SHOWN_LENGTH = 60

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?\Z")


class Fault(Exception):
    """This one question cannot be read; the reason is for the person who wrote it."""


class Skipped(Exception):
    """The file is right, but this kind of thing is not taken."""


@dataclass
class Notes:
    """One question on its way, with what was lost so far."""

    losses: list[str] = field(default_factory=list)

    def lose(self, what: str) -> None:
        self.losses.append(what)

    def plain(self, source: str, *, length_max: int = TEXT_LENGTH_MAX) -> str:
        """Words as they stand, in NFC, trimmed. Raises Fault when they are too many."""
        words = unicodedata.normalize("NFC", _CONTROL.sub("", source)).strip()
        if len(words) > length_max:
            raise Fault(f"a text of {len(words):,} characters; at most {length_max:,} are taken")
        return words

    def html(self, source: str, *, length_max: int = TEXT_LENGTH_MAX) -> str:
        """The words of a piece of HTML; what text cannot say is noted."""
        words, lost = to_plain(source)
        self.losses.extend(f"{thing} was left out" for thing in lost)
        return self.plain(words, length_max=length_max)

    def either(self, source: str, *, length_max: int = TEXT_LENGTH_MAX) -> str:
        """HTML where it looks so, else plain."""
        return (self.html if looks_like_html(source) else self.plain)(source, length_max=length_max)

    def title(self, source: str) -> str:
        words = " ".join(self.plain(source, length_max=PROMPT_LENGTH_MAX).split())
        if len(words) > TITLE_LENGTH_MAX:
            self.lose(f"the title was cut to {TITLE_LENGTH_MAX} characters")
        return words[:TITLE_LENGTH_MAX].rstrip()


def entry_of(read: Callable[[Notes], Question], *, line: int, shown: str, where: str = "") -> Entry:
    """Read one question; a Fault or a Skipped becomes its reason. `shown` names it where it has no title."""
    notes = Notes()
    try:
        question = read(notes)
    except Fault as fault:
        return Entry(line, shown, "failed", sentence(str(fault)), None, where)
    except Skipped as skipped:
        return Entry(line, shown, "skipped", sentence(str(skipped)), None, where)
    losses = "; ".join(dict.fromkeys(notes.losses))
    outcome: Outcome = "partial" if losses else "ok"
    return Entry(line, question.title, outcome, sentence(losses) if losses else None, question, where)


def shown_of(text: str) -> str:
    """What a question without a title is called."""
    return " ".join(_CONTROL.sub("", text).split())[:SHOWN_LENGTH].rstrip()


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def number(words: str) -> Decimal:
    """Raises Fault."""
    written = words.strip().replace("−", "-").replace(",", ".")
    if len(written) > NUMBER_LENGTH_MAX or not _NUMBER.match(written):
        raise Fault(f"“{words.strip()[:40]}” is not a number")
    try:
        found = Decimal(written)
    except InvalidOperation:
        raise Fault(f"“{words.strip()[:40]}” is not a number") from None
    if abs(found.adjusted()) > EXPONENT_MAX:
        raise Fault(f"the number {words.strip()[:40]} is out of range")
    return found


# --- whole files --------------------------------------------------------------------------------------------------


def decode(content: bytes) -> str:
    """Text of the file: UTF-8 with or without its mark, or UTF-16 with one.

    Raises: TooManyQuestions (too many bytes), BadEncoding (another encoding, or no text at all).
    """
    check_size(content)
    encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadEncoding(
            f"The file is not UTF-8 text: line {line}, byte {error.start} cannot be read."
            " Save it as UTF-8 and send it again."
        ) from None


def check_text(text: str) -> str:
    """The text with one kind of line end. Raises BadEncoding for what is no text, TooManyQuestions for too much."""
    if len(text) > BYTES_MAX:
        raise TooManyQuestions(
            f"The file has {len(text):,} characters; an import takes at most {BYTES_MAX:,}. Split it."
        )
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise BadEncoding(
            f"The file is not text: line {line} holds a NUL character. Save it as UTF-8 and send it again."
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadEncoding(f"The file is not text: character {error.start} is half of a surrogate pair.") from None
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
