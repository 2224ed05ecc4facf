"""Read GIFT, the question format of Moodle: text in, questions and a report of every loss out. Pure; no database.

    bytes ─ source.decode ─► text ─ source.split_blocks ─► blocks ─ parser.parse_gift ─► GiftDocument

`docs/reference/gift.md` says what is understood. Source: https://docs.moodle.org/en/GIFT_format
"""

from server.assessments.gift.document import (
    Choice,
    ChoiceBody,
    Entry,
    GiftDocument,
    GiftQuestion,
    MatchBody,
    NumericBody,
    NumericRange,
    Outcome,
    ShortAnswer,
    ShortBody,
    TrueFalseBody,
)
from server.assessments.gift.parser import parse_gift
from server.assessments.gift.source import BadEncoding, NoQuestions, TooManyQuestions

__all__ = [
    "BadEncoding",
    "Choice",
    "ChoiceBody",
    "Entry",
    "GiftDocument",
    "GiftQuestion",
    "MatchBody",
    "NoQuestions",
    "NumericBody",
    "NumericRange",
    "Outcome",
    "ShortAnswer",
    "ShortBody",
    "TooManyQuestions",
    "TrueFalseBody",
    "parse_gift",
]
