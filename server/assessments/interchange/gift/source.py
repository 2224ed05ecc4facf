"""From text to blocks: comments, categories, and where one question ends.

A blank line ends a question, but not inside its answer braces (people lay answers out with blank lines). Should a brace
never be closed, the next line that plainly begins a question ends the broken one, so that one slip costs one question.
"""

import re
from dataclasses import dataclass, field

from server.assessments.interchange.document import TAG_LENGTH_MAX, TAGS_MAX
from server.assessments.interchange.refusals import check_count

BLOCK_CHARS_MAX = 100_000

ESCAPE = r"\\[~=#{}:\\n]"
"""A backslash and one of the characters it shields; before any other it is itself (LaTeX)."""

_BRACE = re.compile(rf"{ESCAPE}|[{{}}]")
_TAG = re.compile(r"\[tag:([^\]]*)\]")
_CATEGORY = re.compile(r"^\$CATEGORY:\s*(.*)$", re.IGNORECASE)


@dataclass
class Block:
    """The lines of one question."""

    line: int
    category: str | None
    tags: tuple[str, ...]
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def split_blocks(text: str) -> list[Block]:
    """The questions of the file in order. Raises TooManyQuestions beyond QUESTIONS_MAX."""
    splitter = _Splitter()
    for number, line in enumerate(text.split("\n"), start=1):
        splitter.take(number, line)
    splitter.end_block()
    return splitter.blocks


class _Splitter:
    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._block: Block | None = None
        self._category: str | None = None
        self._tags: tuple[str, ...] = ()
        self._is_open = False  # Between the answer braces.
        self._was_blank = True

    def take(self, number: int, line: str) -> None:
        stripped = line.strip()
        if stripped.startswith("//"):
            self._tags += tags_of(stripped)
            return
        category = _CATEGORY.match(stripped)
        if category:
            self.end_block()
            self._category = category.group(1).strip() or None
        elif not stripped:
            self._take_blank()
        else:
            self._take_words(number, line, begins_question=stripped.startswith("::"))
        self._was_blank = not stripped

    def _take_blank(self) -> None:
        if self._block is not None and self._is_open:
            self._block.lines.append("")
        else:
            self.end_block()

    def _take_words(self, number: int, line: str, *, begins_question: bool) -> None:
        if begins_question and self._was_blank:
            self.end_block()  # Also when a brace before it was never closed.
        if self._block is None:
            self._block = Block(line=number, category=self._category, tags=self._tags[:TAGS_MAX])
            self._tags = ()
        self._block.lines.append(line)
        self._is_open = is_open_after(line, is_open=self._is_open)

    def end_block(self) -> None:
        if self._block is not None:
            while not self._block.lines[-1]:
                self._block.lines.pop()
            self.blocks.append(self._block)
            check_count(len(self.blocks))
        self._block = None
        self._is_open = False


def is_open_after(line: str, *, is_open: bool) -> bool:
    """Whether an answer block is open at the end of the line."""
    for found in _BRACE.finditer(line):
        if found.group() in "{}":
            is_open = found.group() == "{"
    return is_open


def tags_of(comment: str) -> tuple[str, ...]:
    """Moodle writes a question's tags into the comment above it: `// [id:7] [tag:motion]`."""
    return tuple(tag.strip()[:TAG_LENGTH_MAX] for tag in _TAG.findall(comment) if tag.strip())
