"""Questions as a table (CSV): one a row, for people with a spreadsheet. `docs/reference/questions.md` says the columns.

A cell that begins with `=`, `+`, `-` or `@` would run as a formula in a spreadsheet: written ones get an apostrophe
before it, read ones lose it.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from functools import partial

from server.assessments.interchange.checking import checked
from server.assessments.interchange.document import (
    ANSWERS_MAX,
    CATEGORY_LENGTH_MAX,
    FULL_PPM,
    POINTS_MAX,
    PROMPT_LENGTH_MAX,
    TAG_LENGTH_MAX,
    TAGS_MAX,
    Body,
    Choice,
    ChoiceBody,
    ClozeBody,
    Entry,
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
    kind_of,
)
from server.assessments.interchange.loss import Report, Unwritable
from server.assessments.interchange.reading import Fault, Notes, check_text, decode, entry_of, number, shown_of
from server.assessments.interchange.refusals import NotThisFormat, check_count

HEAD = ("kind", "title", "prompt", "right", "explanation", "points", "difficulty", "tags", "category")
ARROW = " -> "
TRUE, FALSE = frozenset({"true", "t", "1", "yes"}), frozenset({"false", "f", "0", "no"})
CELL_LENGTH_MAX = 131_072  # Python's own limit of a field.

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_SHIELDED = re.compile(r"'+[=+\-@\t\r]")
_ANSWER = re.compile(r"answer_(\d{1,2})\Z")

Cells = Mapping[str, str]


def read_csv(content: bytes) -> QuestionDocument:
    """Raises: BadEncoding, TooManyQuestions, NotThisFormat (no header, or a quote that never ends)."""
    text = check_text(decode(content))
    head, _, _ = text.partition("\n")
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    entries: list[Entry] = []
    names: list[str] | None = None
    try:
        line = 1
        for row in reader:
            if names is None:
                names = _names(row)
            elif any(cell.strip() for cell in row):
                check_count(len(entries) + 1)
                cells = {name: _unshielded(cell) for name, cell in zip(names, row, strict=False)}
                shown = shown_of(cells.get("title") or cells.get("prompt", "")) or f"line {line}"
                entries.append(entry_of(partial(_question, cells), line=line, shown=shown))
            line = reader.line_num + 1
    except csv.Error as error:
        raise NotThisFormat(f"The table cannot be read beyond line {reader.line_num}: {error}.") from None
    return QuestionDocument(tuple(entries))


def _names(row: Sequence[str]) -> list[str]:
    names = [cell.strip().lower() for cell in row]
    if "prompt" not in names or "kind" not in names:
        raise NotThisFormat("The first line of the table names its columns; `kind` and `prompt` must be among them.")
    if len(set(names) - {""}) != len([name for name in names if name]):
        raise NotThisFormat("Two columns of the table have one name.")
    return names


def _unshielded(cell: str) -> str:
    return cell[1:] if _SHIELDED.match(cell) else cell


def _question(cells: Cells, notes: Notes) -> Question:
    prompt = notes.plain(cells.get("prompt", ""), length_max=PROMPT_LENGTH_MAX)
    kind = cells.get("kind", "").strip().lower()
    answers = _answers(cells, notes)
    body = _body(kind, answers, cells.get("right", "").strip())
    tags = [tag.strip() for tag in cells.get("tags", "").split(";") if tag.strip()]
    if len(tags) > TAGS_MAX or any(len(tag) > TAG_LENGTH_MAX for tag in tags):
        notes.lose("some tags were cut or left out")
    difficulty = cells.get("difficulty", "").strip().lower() or "medium"
    if difficulty not in ("easy", "medium", "hard"):
        notes.lose(f"the difficulty “{difficulty[:20]}” is none of easy, medium, hard")
        difficulty = "medium"
    return checked(
        Question(
            notes.title(cells.get("title", "")) or shown_of(prompt),
            prompt,
            body,
            notes.plain(cells.get("explanation", ""), length_max=PROMPT_LENGTH_MAX) or None,
            notes.plain(cells.get("category", ""), length_max=CATEGORY_LENGTH_MAX) or None,
            tuple(tag[:TAG_LENGTH_MAX] for tag in tags[:TAGS_MAX]),
            _points(cells.get("points", "")),
            difficulty,  # type: ignore[arg-type]  # One of the three: asked above.
        )
    )


def _points(written: str) -> int:
    if not written.strip():
        return 1
    if not re.fullmatch(r"\s*\d{1,3}\s*", written) or not 1 <= int(written) <= POINTS_MAX:
        raise Fault(f"the points “{written.strip()[:20]}” are not a whole number from 1 to {POINTS_MAX}")
    return int(written)


def _answers(cells: Cells, notes: Notes) -> list[str]:
    """The answers in order, up to the last one that is filled."""
    found = {int(hit.group(1)): notes.plain(cell) for name, cell in cells.items() if (hit := _ANSWER.match(name))}
    last = max((place for place, text in found.items() if text), default=0)
    if last > ANSWERS_MAX:
        raise Fault(f"it has {last} answers; at most {ANSWERS_MAX} are taken")
    return [found.get(place, "") for place in range(1, last + 1)]


def _body(kind: str, answers: list[str], right: str) -> Body:  # noqa: PLR0911 - one a kind
    match kind:
        case "mcq" | "multi":
            return _choices(answers, _places(right, len(answers)), is_multi=kind == "multi")
        case "true_false":
            if right.lower() not in TRUE | FALSE:
                raise Fault("`right` says neither true nor false")
            return TrueFalseBody(right.lower() in TRUE)
        case "numeric":
            return NumericBody(tuple(_range(answer) for answer in answers))
        case "short":
            return ShortBody(tuple(ShortAnswer(answer, FULL_PPM) for answer in answers))
        case "match":
            return _match(answers)
        case "order":
            return OrderBody(tuple(answers))
        case "cloze":
            return ClozeBody(tuple(_gap(answer) for answer in answers))
        case "essay" | "code" | "speaking" | "writing":
            return OpenBody(kind, "\n".join(answers) or None)
        case _:
            raise Fault(f"the kind “{kind[:20]}” is not known")


def _places(right: str, count: int) -> set[int]:
    places = {int(part) for part in re.findall(r"\d{1,2}", right)}
    if not places or not places <= set(range(1, count + 1)):
        raise Fault("`right` does not name answers by their numbers")
    return places


def _choices(answers: list[str], right: set[int], *, is_multi: bool) -> ChoiceBody:
    share = FULL_PPM // len(right) if is_multi else FULL_PPM
    rest = FULL_PPM - share * len(right) if is_multi else 0  # The first of three gets what is over: they make a whole.
    weights = [
        share + (rest if place == min(right) else 0) if place in right else 0 for place in range(1, len(answers) + 1)
    ]
    return ChoiceBody(tuple(Choice(text, weight) for text, weight in zip(answers, weights, strict=True)), is_multi)


def _range(answer: str) -> NumericRange:
    low, dots, high = answer.partition("..")
    return NumericRange(number(low), number(high if dots else low), FULL_PPM)


def _match(answers: list[str]) -> MatchBody:
    pairs, distractors = [], []
    for answer in answers:
        left, arrow, right = f" {answer}".partition(ARROW)
        if not arrow:
            raise Fault(f"“{answer[:40]}” has no “->” between what belongs together")
        if left.strip():
            pairs.append((left.strip(), right.strip()))
        else:
            distractors.append(right.strip())
    return MatchBody(tuple(pairs), tuple(distractors))


def _gap(answer: str) -> Gap:
    return Gap(tuple(ShortAnswer(part.strip(), FULL_PPM) for part in answer.split("|")))


# --- writing ------------------------------------------------------------------------------------------------------


def write_csv(document: QuestionDocument) -> tuple[bytes, QuestionDocument]:
    report = Report()
    rows = [row for question in document.questions if (row := report.take(question, _written)) is not None]
    width = max((len(row) for row in rows), default=len(HEAD)) - len(HEAD)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*HEAD, *(f"answer_{place}" for place in range(1, width + 1))])
    for row in rows:
        writer.writerow([_shielded(cell) for cell in row])
    return out.getvalue().encode("utf-8-sig"), report.document


def _shielded(cell: str) -> str:
    return "'" + cell if _FORMULA.match(cell) else cell


def _written(question: Question, notes: Notes) -> list[str]:
    right, answers = _answer_cells(question.body, notes)
    if any(";" in tag for tag in question.tags):
        notes.lose("a tag with a semicolon became two")
    cells = (kind_of(question.body), question.title, question.prompt, right, question.explanation or "")
    more = (str(question.points), question.difficulty, "; ".join(question.tags), question.category or "")
    return [*cells, *more, *answers]


def _answer_cells(body: Body, notes: Notes) -> tuple[str, list[str]]:  # noqa: PLR0911 - one a kind
    match body:
        case ChoiceBody():
            return _choice_cells(body, notes)
        case TrueFalseBody():
            if body.feedback_right or body.feedback_wrong:
                notes.lose("feedback was left out")
            return ("true" if body.is_true else "false"), []
        case NumericBody(ranges=ranges):
            _lose_shares([(part.weight_ppm, part.feedback) for part in ranges], notes)
            full = [part for part in ranges if part.weight_ppm == FULL_PPM]
            return "", [str(part.low) if part.low == part.high else f"{part.low}..{part.high}" for part in full]
        case ShortBody(answers=answers):
            return "", _accepted(answers, notes)
        case MatchBody(pairs=pairs, distractors=distractors):
            if any("->" in text for pair in (*pairs, distractors) for text in pair):
                raise Unwritable("an answer holds “->”, which stands between pairs in a table")
            return "", [
                *(left + ARROW + right for left, right in pairs),
                *(ARROW.lstrip() + one for one in distractors),
            ]
        case OrderBody(things=things):
            return "", list(things)
        case ClozeBody(gaps=gaps):
            return "", [_gap_cell(gap, notes) for gap in gaps]
        case OpenBody(guide=guide):
            return "", [guide] if guide else []


def _choice_cells(body: ChoiceBody, notes: Notes) -> tuple[str, list[str]]:
    right = [place for place, choice in enumerate(body.choices, start=1) if _is_right(choice, is_multi=body.is_multi)]
    told = _choices([choice.text for choice in body.choices], set(right), is_multi=body.is_multi)
    if [choice.weight_ppm for choice in told.choices] != [choice.weight_ppm for choice in body.choices]:
        notes.lose("marks for single answers were left out")
    if any(choice.feedback for choice in body.choices):
        notes.lose("feedback was left out")
    return ";".join(map(str, right)), [choice.text for choice in body.choices]


def _is_right(choice: Choice, *, is_multi: bool) -> bool:
    return choice.weight_ppm > 0 if is_multi else choice.weight_ppm == FULL_PPM


def _accepted(answers: Sequence[ShortAnswer], notes: Notes) -> list[str]:
    _lose_shares([(answer.weight_ppm, answer.feedback) for answer in answers], notes)
    return [answer.text for answer in answers if answer.weight_ppm == FULL_PPM]


def _lose_shares(answers: Sequence[tuple[int, str | None]], notes: Notes) -> None:
    if any(weight != FULL_PPM for weight, _ in answers):
        notes.lose("half-right answers were left out")
    if any(feedback for _, feedback in answers):
        notes.lose("feedback was left out")


def _gap_cell(gap: Gap, notes: Notes) -> str:
    if gap.is_menu:
        notes.lose("a menu became a gap to type into")
    texts = _accepted(gap.answers, Notes() if gap.is_menu else notes)
    if any("|" in text for text in texts):
        raise Unwritable("an answer to a gap holds “|”, which stands between answers in a table")
    return "|".join(texts)
