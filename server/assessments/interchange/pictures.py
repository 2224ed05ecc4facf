"""Pictures inside the texts of questions: `![what it shows](file:<id>)` stands where one is shown.

Readers find the bytes and give each picture an id of its content; whoever keeps them puts the ids of files there
(`relinked`). Only what a learner sees before answering holds pictures: what explains must not arrive before its time.
"""

import base64
import binascii
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import unquote
from uuid import UUID, uuid5

import msgspec

from server.assessments.interchange.document import (
    Body,
    Choice,
    ChoiceBody,
    ClozeBody,
    Gap,
    MatchBody,
    NumericBody,
    NumericRange,
    OpenBody,
    OrderBody,
    Question,
    QuestionDocument,
    ShortAnswer,
    ShortBody,
    TrueFalseBody,
)

ALT_LENGTH_MAX = 200
PICTURE_BYTES_MAX = 10 * 1024 * 1024
PICTURES_MAX = 20  # Of one question.

_SPACE = UUID("5f1d7f0e-3a55-5bb4-9d0c-6a1c6f2e8b11")
_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
MARK = re.compile(rf"!\[([^\[\]\n]{{0,{ALT_LENGTH_MAX}}})\]\(file:({_ID})\)")
_DATA = re.compile(r"data:image/[a-z0-9.+-]{1,40}(?:;[a-z0-9=-]{1,40}){0,3};base64,", re.IGNORECASE)

FileFinder = Callable[[str], bytes | None]
"""The bytes of a file beside the one that names it; None where there is none."""

Change = Callable[[str], str]


@dataclass(frozen=True)
class Picture:
    id: UUID  # Of its content, in the marks of the question.
    name: str  # As the file calls it: for the report.
    content: bytes


def mark_of(picture_id: UUID, alt: str) -> str:
    return f"![{tame(alt)}](file:{picture_id})"


def tame(alt: str) -> str:
    """Words that fit into a mark."""
    return " ".join(re.sub(r"[\[\]()\s]+", " ", alt).split())[:ALT_LENGTH_MAX].rstrip()


def named_in(texts: Iterable[str]) -> list[UUID]:
    """Ids in marks, in order, each once."""
    return list(dict.fromkeys(UUID(hit.group(2)) for text in texts for hit in MARK.finditer(text)))


def in_words(text: str) -> str:
    """The text for where pictures cannot be shown: what each shows, in brackets."""
    return MARK.sub(lambda hit: f"[{hit.group(1)}]" if hit.group(1) else "[…]", text)


def pieces_of(text: str) -> list[str | tuple[UUID, str]]:
    """Words and pictures (id, what it shows) in turn."""
    pieces: list[str | tuple[UUID, str]] = []
    at = 0
    for hit in MARK.finditer(text):
        pieces += [text[at : hit.start()], (UUID(hit.group(2)), hit.group(1))]
        at = hit.end()
    return [*pieces, text[at:]]


def picture_of(src: str, find: FileFinder | None) -> Picture | None:
    """What `src` names, or holds itself; None where nothing is found."""
    inside = _DATA.match(src)
    content = _decoded(src[inside.end() :]) if inside else _found(src, find)
    if not content or len(content) > PICTURE_BYTES_MAX:
        return None
    name = "picture" if inside else posixpath.basename(unquote(src.partition("?")[0]))
    return Picture(uuid5(_SPACE, sha256(content).hexdigest()), name[:200], content)


def _decoded(words: str) -> bytes | None:
    try:
        return base64.b64decode(unquote(words), validate=False)
    except (binascii.Error, ValueError):
        return None


def _found(src: str, find: FileFinder | None) -> bytes | None:
    return find(src) if find is not None and src and "\0" not in src else None


def pictures_of(document: QuestionDocument) -> dict[UUID, Picture]:
    return {picture.id: picture for entry in document.entries for picture in entry.pictures}


def shown_texts(question: Question) -> list[str]:
    """What a learner sees before answering."""
    return [question.prompt, *_offered(question.body)]


def _offered(body: Body) -> list[str]:
    match body:
        case ChoiceBody(choices=choices):
            return [choice.text for choice in choices]
        case MatchBody(pairs=pairs, distractors=distractors):
            return [*(text for pair in pairs for text in pair), *distractors]
        case OrderBody(things=things):
            return list(things)
        case _:  # Menus open on nothing but words.
            return []


def relinked(question: Question, ids: Mapping[UUID, UUID]) -> Question:
    """Other ids in its marks; where there is none, the words stand. Marks in what explains become words."""

    def move(text: str) -> str:
        def moved(hit: re.Match[str]) -> str:
            id_ = ids.get(UUID(hit.group(2)))
            return in_words(hit.group()) if id_ is None else mark_of(id_, hit.group(1))

        return MARK.sub(moved, text)

    if not any(MARK.search(text) for text in every_text(question)):
        return question
    return changed(question, move, in_words)


def worded(question: Question) -> Question:
    """The question without pictures."""
    return relinked(question, {})


def every_text(question: Question) -> list[str]:
    seen: list[str] = []

    def look(text: str) -> str:
        seen.append(text)
        return text

    changed(question, look, look)
    return seen


def changed(question: Question, shown: Change, told: Change) -> Question:
    """The question with `shown` done to what learners see before they answer, and `told` to what comes after."""
    return msgspec.structs.replace(
        question,
        prompt=shown(question.prompt),
        body=_changed_body(question.body, shown, told),
        explanation=_optional(question.explanation, told),
    )


def _optional(text: str | None, change: Change) -> str | None:
    return None if text is None else change(text)


def _changed_body(body: Body, shown: Change, told: Change) -> Body:  # noqa: PLR0911 - one a kind
    match body:
        case ChoiceBody(choices=choices, is_multi=is_multi):
            made = (Choice(shown(one.text), one.weight_ppm, _optional(one.feedback, told)) for one in choices)
            return ChoiceBody(tuple(made), is_multi)
        case TrueFalseBody(is_true, wrong, right):
            return TrueFalseBody(is_true, _optional(wrong, told), _optional(right, told))
        case NumericBody(ranges=ranges):
            parts = (NumericRange(one.low, one.high, one.weight_ppm, _optional(one.feedback, told)) for one in ranges)
            return NumericBody(tuple(parts))
        case ShortBody(answers=answers):
            return ShortBody(tuple(_answer(one, told) for one in answers))
        case MatchBody(pairs=pairs, distractors=free):
            return MatchBody(tuple((shown(a), shown(b)) for a, b in pairs), tuple(shown(one) for one in free))
        case OrderBody(things=things):
            return OrderBody(tuple(shown(one) for one in things))
        case ClozeBody(gaps=gaps):
            return ClozeBody(tuple(Gap(tuple(_answer(one, told) for one in gap.answers), gap.is_menu) for gap in gaps))
        case OpenBody(asks=asks, guide=guide):
            return OpenBody(asks, _optional(guide, told))


def _answer(answer: ShortAnswer, told: Change) -> ShortAnswer:
    return ShortAnswer(told(answer.text), answer.weight_ppm, _optional(answer.feedback, told))
