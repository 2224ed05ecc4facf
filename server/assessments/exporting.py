"""A course's tests as documents, with their keys: for its staff, who take them elsewhere. Learners never come here."""

from uuid import UUID

import msgspec
from sqlalchemy import select

from server.assessments import policy, queries
from server.assessments.interchange.document import (
    Body,
    Choice,
    ChoiceBody,
    ClozeBody,
    Gap,
    MatchBody,
    NumericBody,
    NumericRange,
    OrderBody,
    Question,
    QuestionDocument,
    ShortAnswer,
    ShortBody,
    TrueFalseBody,
    document_of,
)
from server.assessments.keys import (
    ChoiceKey,
    ClozeKey,
    Feedback,
    GapKey,
    Key,
    MatchKey,
    MultiKey,
    NumericKey,
    OrderKey,
    ShortKey,
    decode_key,
)
from server.assessments.models import Assessment, BankItem, Item, ItemKey
from server.assessments.values import Option
from server.base.errors import Forbidden
from server.base.tx import Tx


async def documents_of(tx: Tx, course_id: UUID) -> list[tuple[Assessment, QuestionDocument]]:
    """The course's tests in the order they were made, each as it is now. Raises NotFound, Forbidden."""
    if not policy.may_author(tx.actor, await queries.standing(tx, course_id)):
        raise Forbidden("The course's staff and admins take its questions elsewhere.")
    wanted = select(Assessment).where(Assessment.course_id == course_id, Assessment.deleted_at.is_(None))
    tests = (await tx.db.execute(wanted.order_by(Assessment.created_at, Assessment.id))).scalars().all()
    return [(test, await document_of_test(tx, test)) for test in tests]


async def document_of_test(tx: Tx, test: Assessment) -> QuestionDocument:
    """As its newest revision pins it. Whoever calls has asked for the right."""
    statement = (
        select(Item, BankItem, ItemKey)
        .join(BankItem, BankItem.id == Item.bank_item_id)
        .join(ItemKey, (ItemKey.bank_item_id == Item.bank_item_id) & (ItemKey.revision == Item.bank_revision))
        .where(Item.assessment_id == test.id, Item.revision == test.revision)
        .order_by(Item.rank)
    )
    rows = (await tx.db.execute(statement)).all()
    return document_of(*(_question(item, bank, key) for item, bank, key in rows), title=test.title)


def _question(item: Item, bank: BankItem, key: ItemKey) -> Question:
    return Question(
        bank.title,
        item.prompt,
        body_of(msgspec.convert(item.options or [], type=list[Option]), decode_key(key.key)),
        key.explanation,
        bank.category,
        tuple(bank.topic_tags),
        item.points,
        bank.difficulty,  # type: ignore[arg-type]  # One of the three: the table's own check.
    )


def body_of(options: list[Option], key: Key) -> Body:  # noqa: PLR0911 - one a kind
    """What `drafting.draft_item` took apart, together again; options stand in the order of their ids."""
    texts = {option.id: option.text for option in options}
    match key:
        case ChoiceKey(weights=weights, feedback=words):
            return _choices(texts, weights, words, is_multi=False)
        case MultiKey(weights=weights, feedback=words):
            return _choices(texts, weights, words, is_multi=True)
        case NumericKey(ranges=ranges, feedback=words):
            parts = [NumericRange(r.low, r.high, r.weight_ppm, words.get(str(n))) for n, r in enumerate(ranges)]
            return NumericBody(tuple(parts))
        case ShortKey(accepted=accepted, feedback=words):
            return ShortBody(
                tuple(ShortAnswer(a.text, a.weight_ppm, words.get(str(n))) for n, a in enumerate(accepted))
            )
        case MatchKey(pairs=pairs):
            rights = set(pairs.values())
            free = [option.text for option in options if option.side == "right" and option.id not in rights]
            return MatchBody(tuple((texts[left], texts[right]) for left, right in pairs.items()), tuple(free))
        case OrderKey(order=order):
            return OrderBody(tuple(texts[one] for one in order))
        case ClozeKey(gaps=gaps):
            return ClozeBody(tuple(_gap(texts, gap) for gap in gaps))
        case _:
            return TrueFalseBody(key.is_true, key.feedback.get("wrong"), key.feedback.get("right"))


def _choices(texts: dict[str, str], weights: dict[str, int], words: Feedback, *, is_multi: bool) -> ChoiceBody:
    choices = [Choice(text, weights.get(id_, 0), words.get(id_)) for id_, text in texts.items()]
    return ChoiceBody(tuple(choices), is_multi)


def _gap(texts: dict[str, str], gap: GapKey) -> Gap:
    answers = [
        ShortAnswer(texts[answer.text] if gap.is_menu else answer.text, answer.weight_ppm) for answer in gap.accepted
    ]
    return Gap(tuple(answers), gap.is_menu)
