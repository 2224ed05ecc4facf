"""Aiken: one question text, lettered answers, `ANSWER: B`. Source: https://docs.moodle.org/en/Aiken_format.

The format knows one kind, without titles, feedback or marks: all else is a loss when it is written.
"""

import re
from dataclasses import dataclass, field

from server.assessments.interchange.checking import checked
from server.assessments.interchange.document import (
    FULL_PPM,
    PROMPT_LENGTH_MAX,
    Choice,
    ChoiceBody,
    Entry,
    Question,
    QuestionDocument,
)
from server.assessments.interchange.loss import Report, Unwritable, also_lost
from server.assessments.interchange.reading import Fault, Notes, check_text, decode, entry_of, shown_of
from server.assessments.interchange.refusals import check_count

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_OPTION = re.compile(r"\s*([A-Z])[.)]\s+(.*)\Z")
_ANSWER = re.compile(r"\s*ANSWER:\s*([A-Z])?\s*(.*)\Z")


@dataclass
class _Block:
    line: int
    prompt: list[str] = field(default_factory=list)
    options: list[tuple[str, str]] = field(default_factory=list)
    answer: str | None = None

    @property
    def shown(self) -> str:
        return shown_of(" ".join(self.prompt)) or f"line {self.line}"


def read_aiken(content: bytes) -> QuestionDocument:
    """Raises: BadEncoding, TooManyQuestions."""
    blocks = _blocks(check_text(decode(content)))
    return QuestionDocument(tuple(_entry(block) for block in blocks))


def _entry(block: _Block) -> Entry:
    return entry_of(lambda notes: _question(block, notes), line=block.line, shown=block.shown)


def _blocks(text: str) -> list[_Block]:
    """An ANSWER line ends a question; so does a blank line behind answers, whose ANSWER is then missing."""
    blocks: list[_Block] = []
    block: _Block | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            if block is not None and block.options:
                block = None
            continue
        if block is None:
            check_count(len(blocks) + 1)
            block = _Block(number)
            blocks.append(block)
        option, answer = _OPTION.match(line), _ANSWER.match(line)
        if answer:
            block.answer = answer.group(1) if answer.group(1) and not answer.group(2) else "?"
            block = None
        elif option and (block.options or block.prompt):
            block.options.append((option.group(1), option.group(2)))
        else:
            block.prompt.append(line)
    return blocks


def _question(block: _Block, notes: Notes) -> Question:
    if block.answer is None:
        raise Fault("it has no ANSWER line")
    letters = [letter for letter, _ in block.options]
    if letters != list(LETTERS[: len(letters)]):
        raise Fault("its answers are not lettered A, B, C … in order")
    if block.answer not in letters:
        raise Fault("its ANSWER line names none of the answers")
    choices = tuple(
        Choice(notes.plain(text), FULL_PPM if letter == block.answer else 0) for letter, text in block.options
    )
    prompt = notes.plain("\n".join(line.strip() for line in block.prompt), length_max=PROMPT_LENGTH_MAX)
    return checked(Question(shown_of(prompt), prompt, ChoiceBody(choices, is_multi=False)))


# --- writing ------------------------------------------------------------------------------------------------------


def write_aiken(document: QuestionDocument) -> tuple[bytes, QuestionDocument]:
    report = Report()
    pieces = [report.take(question, _written) for question in document.questions]
    return "\n".join(piece for piece in pieces if piece).encode(), report.document


def _written(question: Question, notes: Notes) -> str:
    body = question.body
    if not isinstance(body, ChoiceBody) or body.is_multi:
        raise Unwritable("Aiken has only choices with one right answer")
    right = [place for place, choice in enumerate(body.choices) if choice.weight_ppm == FULL_PPM]
    if len(right) != 1 or len(body.choices) > len(LETTERS):
        raise Unwritable(f"Aiken takes one right answer among at most {len(LETTERS)}")
    if any(choice.weight_ppm not in (0, FULL_PPM) for choice in body.choices):
        notes.lose("marks for half-right answers were left out")
    if any(choice.feedback for choice in body.choices):
        notes.lose("feedback was left out")
    also_lost(
        question, notes, title=question.title != shown_of(question.prompt), explanation=True, tags=True, points=True
    )
    prompt = "\n".join(_one_line(line) for line in question.prompt.split("\n") if line.strip())
    if any(_OPTION.match(line) or _ANSWER.match(line) for line in prompt.split("\n")):
        raise Unwritable("a line of its text looks like an Aiken answer")
    lines = [prompt]
    lines += [f"{LETTERS[place]}. {_kept(choice.text, notes)}" for place, choice in enumerate(body.choices)]
    return "\n".join([*lines, f"ANSWER: {LETTERS[right[0]]}", ""])


def _kept(text: str, notes: Notes) -> str:
    if "\n" in text:
        notes.lose("line breaks inside an answer became spaces")
    return _one_line(text)


def _one_line(text: str) -> str:
    return " ".join(part.strip() for part in text.split("\n")).strip()
