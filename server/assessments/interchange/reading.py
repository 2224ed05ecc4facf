"""What all readers share: words made plain, losses noted, one bad question kept from spoiling the others."""

import codecs
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from uuid import UUID

from server.assessments.interchange.document import (
    FULL_PPM,
    PROMPT_LENGTH_MAX,
    TEXT_LENGTH_MAX,
    TITLE_LENGTH_MAX,
    Body,
    Choice,
    ChoiceBody,
    ClozeBody,
    Entry,
    Outcome,
    Question,
    ShortBody,
    TrueFalseBody,
)
from server.assessments.interchange.formulas import told_of
from server.assessments.interchange.markup import looks_like_html, to_plain
from server.assessments.interchange.pictures import (
    MARK,
    PICTURES_MAX,
    FileFinder,
    Picture,
    every_text,
    in_words,
    mark_of,
    named_in,
    picture_of,
    shown_texts,
    tame,
)
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
    files: FileFinder | None = None  # What stands beside the question: its pictures.
    pictures: dict[UUID, Picture] = field(default_factory=dict)
    is_in_order: bool = False  # The file shows its answers in an order of their own.

    def lose(self, what: str) -> None:
        self.losses.append(what)

    def plain(self, source: str, *, length_max: int = TEXT_LENGTH_MAX) -> str:
        """Words as they stand, in NFC, trimmed. Raises Fault when they are too many."""
        words = MARK.sub(self._own_mark, unicodedata.normalize("NFC", _CONTROL.sub("", source)).strip())
        if len(words) > length_max:
            raise Fault(f"a text of {len(words):,} characters; at most {length_max:,} are taken")
        return words

    def _own_mark(self, hit: re.Match[str]) -> str:
        """A mark that the file's author wrote would name a file of somebody else."""
        return hit.group() if UUID(hit.group(2)) in self.pictures else in_words(hit.group())

    def html(self, source: str, *, length_max: int = TEXT_LENGTH_MAX, shows: bool = False) -> str:
        """The words of a piece of HTML; what text cannot say is noted. With `shows` its pictures come along."""
        words, lost = to_plain(source, self.show if shows else self._only_words)
        self.losses.extend(f"{thing} was left out" for thing in lost)
        return self.plain(words, length_max=length_max)

    def show(self, src: str, alt: str) -> str:
        """A picture in its place, or its words and the reason."""
        found = picture_of(src, self.files)
        if found is not None and (found.id in self.pictures or len(self.pictures) < PICTURES_MAX):
            self.pictures.setdefault(found.id, found)
            return mark_of(found.id, alt)
        self.lose(_why_no_picture(src, is_found=found is not None))
        return f"[{tame(alt)}]" if tame(alt) else ""

    def _only_words(self, _src: str, alt: str) -> str:
        self.lose("a picture where only words can stand was left out")
        return f"[{tame(alt)}]" if tame(alt) else ""

    def either(self, source: str, *, length_max: int = TEXT_LENGTH_MAX, shows: bool = False) -> str:
        """HTML where it looks so, else plain."""
        if looks_like_html(source):
            return self.html(source, length_max=length_max, shows=shows)
        return self.plain(source, length_max=length_max)

    def title(self, source: str) -> str:
        words = " ".join(self.plain(source, length_max=PROMPT_LENGTH_MAX).split())
        if len(words) > TITLE_LENGTH_MAX:
            self.lose(f"the title was cut to {TITLE_LENGTH_MAX} characters")
        return words[:TITLE_LENGTH_MAX].rstrip()


def _why_no_picture(src: str, *, is_found: bool) -> str:
    if is_found:
        return f"more than {PICTURES_MAX} pictures were left out"
    name = " ".join(_CONTROL.sub("", src).split())[:80]
    if not name or name.startswith("data:"):
        return "a picture that cannot be read was left out"
    if re.match(r"[a-z][a-z0-9+.-]*:|//", name, re.IGNORECASE):
        return f"the picture {name} lies on another site and was left out"
    return f"the picture {name} is not in the file, or is larger than 10 MB, and was left out"


def entry_of(
    read: Callable[[Notes], Question], *, line: int, shown: str, where: str = "", files: FileFinder | None = None
) -> Entry:
    """Read one question; a Fault or a Skipped becomes its reason. `shown` names it where it has no title."""
    notes = Notes(files=files)
    try:
        question = read(notes)
    except Fault as fault:
        return Entry(line, shown, "failed", sentence(str(fault)), None, where)
    except Skipped as skipped:
        return Entry(line, shown, "skipped", sentence(str(skipped)), None, where)
    if _differ_in_capitals(question.body):
        notes.lose("answers that differ in capitals alone count the same here")
    notes.losses.extend(told_of(every_text(question)))
    losses = "; ".join(dict.fromkeys(notes.losses))
    outcome: Outcome = "partial" if losses else "ok"
    used = named_in(shown_texts(question))
    pictures = tuple(notes.pictures[id_] for id_ in used if id_ in notes.pictures)
    reason = sentence(losses) if losses else None
    return Entry(line, question.title, outcome, reason, question, where, pictures, notes.is_in_order)


def _differ_in_capitals(body: Body) -> bool:
    """Whether typed words bring other marks by their capitals: here they cannot."""
    match body:
        case ShortBody(answers=answers):
            typed = [answers]
        case ClozeBody(gaps=gaps):
            typed = [gap.answers for gap in gaps if not gap.is_menu]
        case _:
            return False
    for answers in typed:
        marks: dict[str, int] = {}
        if any(marks.setdefault(one.text.casefold(), one.weight_ppm) != one.weight_ppm for one in answers):
            return True
    return False


def shown_of(text: str) -> str:
    """What a question without a title is called."""
    return " ".join(_CONTROL.sub("", MARK.sub(r"\1", text)).split())[:SHOWN_LENGTH].rstrip()


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


def with_general(body: Body, notes: Notes, *, right: str | None, wrong: str | None) -> Body:
    """Words for any right and any wrong answer, given to each answer they are for; where that cannot be, they are lost.

    A choice of one, and true or false, show after each answer just what such words would have shown.
    """
    if not right and not wrong:
        return body
    match body:
        case ChoiceBody(choices=choices, is_multi=False):
            if all(one.weight_ppm in (0, FULL_PPM) for one in choices):
                return ChoiceBody(tuple(_told(one, right, wrong) for one in choices), is_multi=False)
        case TrueFalseBody(is_true, for_wrong, for_right):
            return TrueFalseBody(is_true, _both(for_wrong, wrong), _both(for_right, right))
        case _:
            pass
    notes.lose(GENERAL_LOST)
    return body


GENERAL_LOST = "feedback for any right or wrong answer was left out"


def _told(choice: Choice, right: str | None, wrong: str | None) -> Choice:
    return Choice(choice.text, choice.weight_ppm, _both(choice.feedback, right if choice.weight_ppm else wrong))


def _both(own: str | None, general: str | None) -> str | None:
    joined = "\n".join(dict.fromkeys(words for words in (own, general) if words))
    return joined[:TEXT_LENGTH_MAX] or None


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
