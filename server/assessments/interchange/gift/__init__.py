"""Read GIFT, the question format of Moodle: text in, questions and a report of every loss out. Pure; no database.

    bytes ─ reading.decode ─► text ─ source.split_blocks ─► blocks ─ parser.parse_gift ─► QuestionDocument

`docs/reference/gift.md` says what is understood. Source: https://docs.moodle.org/en/GIFT_format
"""

from server.assessments.interchange.gift.parser import parse_gift

__all__ = ["parse_gift"]
