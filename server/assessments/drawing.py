"""Formulas of questions on their way to phones: drawn in a thread, kept beside the words that they stand in."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TypeVar

from server.assessments.interchange.document import Question, StoredQuestion
from server.assessments.interchange.formulas import FORMULAS_MAX, Formula, drawn, drawn_or_not, formulas_in
from server.assessments.interchange.pictures import every_text
from server.base.errors import Invalid
from server.catalog.latex import DEPTH_MAX, LATEX_LENGTH_MAX, depth_of

Drawn = dict[str, str]  # What was typed, marks and all → MathML; of those who wrote it also → nothing.
Key = TypeVar("Key")


class FormulaTooLong(Invalid):
    """A formula has at most 2,000 characters; make two of it."""

    code = "question.formula_too_long"


class FormulaTooDeep(Invalid):
    """A formula is nested too deep; write it more simply."""

    code = "question.formula_too_deep"


class TooManyFormulas(Invalid):
    """A question has at most 200 different formulas; make two of it."""

    code = "question.formulas_too_many"


async def drawn_each(texts: Mapping[Key, Sequence[str]]) -> dict[Key, Drawn | None]:
    """Of each question by itself. Milliseconds a formula, hence in a thread; most questions have none."""
    wanted = {key: of for key, of in texts.items() if any(map(formulas_in, of))}
    found = await asyncio.to_thread(lambda: {key: drawn(of) for key, of in wanted.items()}) if wanted else {}
    return {key: found.get(key) or None for key in texts}


async def drawn_for_staff(*questions: Question) -> list[Drawn | None]:
    """All of each question, its key too: for drafts, which no learner's phone holds."""
    texts = [every_text(question) for question in questions]
    if not any(formulas_in(text) for of in texts for text in of):
        return [None] * len(questions)
    return [found or None for found in await asyncio.to_thread(lambda: [drawn_or_not(of) for of in texts])]


async def drawn_draft(stored: StoredQuestion) -> Drawn | None:
    """Of a question that somebody is writing. Raises FormulaTooLong, FormulaTooDeep, TooManyFormulas."""
    question = Question("", stored.prompt, stored.body, stored.explanation)
    found = {one.typed: one for text in every_text(question) for one in formulas_in(text)}
    if len(found) > FORMULAS_MAX:
        raise TooManyFormulas(f"The question has {len(found)} formulas; at most {FORMULAS_MAX} are taken.")
    for formula in found.values():
        _require_bounds(formula)
    [made] = await drawn_for_staff(question)
    return made


def _require_bounds(formula: Formula) -> None:
    begins = f"The formula that begins with “{formula.latex[:40]}”"
    if len(formula.latex) > LATEX_LENGTH_MAX:
        size = f"{len(formula.latex):,} characters; at most {LATEX_LENGTH_MAX:,}"
        raise FormulaTooLong(f"{begins} has {size} are taken. Make two of it.")
    if depth_of(formula.latex) > DEPTH_MAX:
        raise FormulaTooDeep(f"{begins} is nested deeper than {DEPTH_MAX}; write it more simply.")
