"""From blocks to questions. A question that cannot be read is reported with its line; the others go on."""

import re
import unicodedata
from dataclasses import dataclass, field

from server.assessments.interchange.document import (
    PROMPT_LENGTH_MAX,
    TEXT_LENGTH_MAX,
    TITLE_LENGTH_MAX,
    Entry,
    OpenBody,
    Outcome,
    Question,
    QuestionDocument,
)
from server.assessments.interchange.formulas import told_of
from server.assessments.interchange.gift.answers import cut, find, parse_body
from server.assessments.interchange.gift.source import BLOCK_CHARS_MAX, Block, split_blocks
from server.assessments.interchange.markup import looks_like_html, to_plain
from server.assessments.interchange.pictures import MARK, every_text, in_words
from server.assessments.interchange.reading import Fault, Skipped, check_text, decode, sentence

GAP = "_____"

_FORMAT = re.compile(r"\s*\[(html|moodle|plain|markdown)\]", re.IGNORECASE)
_ESCAPED = re.compile(r"\\(n(?!(?:u|e|eq|i|ot|abla|mid|earrow)(?![a-z]))|[~=#{}:\\])")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


@dataclass
class _Reading:
    """One block on its way to a question, with what was lost so far."""

    markup: str = "moodle"
    losses: list[str] = field(default_factory=list)

    def text(self, source: str) -> str:
        """Words of an answer or a feedback; raises Fault when they are too many."""
        return self.words(source, length_max=TEXT_LENGTH_MAX)

    def words(self, source: str, *, length_max: int) -> str:
        """Plain text: its own format mark, escapes and HTML resolved, in NFC, trimmed."""
        markup = self.markup
        own = _FORMAT.match(source)
        if own:
            markup, source = own.group(1).lower(), source[own.end() :]
        plain = unescape(source)
        if markup == "html" or (markup == "moodle" and looks_like_html(plain)):
            plain, lost = to_plain(plain)
            self.losses.extend(f"{thing} was left out" for thing in lost)
        plain = unicodedata.normalize("NFC", _CONTROL.sub("", plain)).strip()
        plain = MARK.sub(
            lambda hit: in_words(hit.group()), plain
        )  # GIFT brings no pictures: it would name a stranger's.
        if len(plain) > length_max:
            raise Fault(f"a text of {len(plain):,} characters; at most {length_max:,} are taken")
        return plain


def parse_gift(source: str | bytes) -> QuestionDocument:
    """Read a whole GIFT file.

    Raises: BadEncoding, TooManyQuestions. What is wrong with one question is its entry's reason, never raised.
    """
    text = check_text(decode(source) if isinstance(source, bytes) else source)
    return QuestionDocument(tuple(parse_block(block) for block in split_blocks(text)))


def parse_block(block: Block) -> Entry:
    title = ""
    reading = _Reading()
    try:
        _check_size(block)
        title, rest = _take_title(block.text, reading)
        question = _read(block, title, rest, reading)
    except Fault as fault:
        return Entry(block.line, title or _shown(block), "failed", sentence(str(fault)), None)
    except Skipped as skipped:
        return Entry(block.line, title or _shown(block), "skipped", sentence(str(skipped)), None)
    losses = "; ".join(dict.fromkeys([*reading.losses, *told_of(every_text(question))]))
    outcome: Outcome = "partial" if losses else "ok"
    return Entry(block.line, question.title, outcome, sentence(losses) if losses else None, question)


def _check_size(block: Block) -> None:
    if sum(map(len, block.lines)) > BLOCK_CHARS_MAX:
        raise Fault(f"it has more than {BLOCK_CHARS_MAX:,} characters; is a closing brace missing?")


def _take_title(source: str, reading: _Reading) -> tuple[str, str]:
    """The title between double colons, and the rest; without one the title is empty."""
    source = source.lstrip()
    if not source.startswith("::"):
        return "", source
    end = find(source, "::", 2)
    if end < 0:
        raise Fault("its title begins with :: and never ends")
    title = " ".join(reading.words(source[2:end], length_max=PROMPT_LENGTH_MAX).split())
    if len(title) > TITLE_LENGTH_MAX:
        reading.losses.append(f"the title was cut to {TITLE_LENGTH_MAX} characters")
    return title[:TITLE_LENGTH_MAX], source[end + 2 :]


def _read(block: Block, title: str, source: str, reading: _Reading) -> Question:
    own = _FORMAT.match(source)
    if own:
        reading.markup, source = own.group(1).lower(), source[own.end() :]
    if reading.markup == "markdown":
        reading.losses.append("Markdown marks are shown as they are written")
    head, answers, tail = _parts(source)
    answers, general = cut(answers, "####")
    gapped = f"{head.rstrip()} {GAP} {tail.lstrip()}" if tail.strip() else head
    prompt = _closed_up(reading.words(gapped, length_max=PROMPT_LENGTH_MAX))
    if not prompt:
        raise Fault("it has no question text")
    body = parse_body(answers, reading.text, reading.losses) if answers.strip() else OpenBody("essay")
    explanation = reading.words(general, length_max=PROMPT_LENGTH_MAX) if general else ""
    return Question(title or _shown(block), prompt, body, explanation or None, block.category, block.tags)


def _parts(source: str) -> tuple[str, str, str]:
    """Before, inside and after the one pair of braces."""
    start, stray = find(source, "{"), find(source, "}")
    if start < 0 and stray < 0:
        raise Skipped("a description without answers is not a question")
    if start < 0 or 0 <= stray < start:
        raise Fault("a } stands before any {; write \\} for a brace that belongs to the text")
    if stray < 0:
        raise Fault("its answer block begins with { and never ends")
    if find(source, "{", start + 1) >= 0:
        raise Fault("it has more than one {; write \\{ and \\} for braces that belong to the text")
    if find(source, "}", stray + 1) >= 0:
        raise Fault("it has more than one }; write \\{ and \\} for braces that belong to the text")
    return source[:start], source[start + 1 : stray], source[stray + 1 :]


def unescape(source: str) -> str:
    r"""Resolve `\~ \= \# \{ \} \: \\` and `\n`; any other backslash stays; so does LaTeX like `\nu`."""
    return _ESCAPED.sub(lambda found: "\n" if found.group(1) == "n" else found.group(1), source)


def _closed_up(prompt: str) -> str:
    """No space between the gap and the full stop behind it."""
    return re.sub(rf"{GAP} (?=[.,;:!?)])", GAP, prompt)


def _shown(block: Block) -> str:
    """What a question without a title is called in the report."""
    first = " ".join(re.split(r"(?<!\\)\{", block.text)[0].split())
    return _CONTROL.sub("", unescape(first))[:60] or f"line {block.line}"
