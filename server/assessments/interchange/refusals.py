"""Why a whole file of questions is turned away. What is wrong with one question is its entry's reason, never raised."""

from server.base.errors import Invalid, TooLarge

BYTES_MAX = 10 * 1024 * 1024
PICTURED_BYTES_MAX = 40 * 1024 * 1024  # Of files that hold their pictures in themselves.
QUESTIONS_MAX = 5_000


class BadEncoding(Invalid):
    """The file is not UTF-8 text; save it as UTF-8 and send it again."""

    code = "questions.encoding"


class TooManyQuestions(TooLarge):
    """The file is larger than one import takes; split it."""

    code = "questions.too_large"


class NoQuestions(Invalid):
    """Nothing in the file can become a question."""

    code = "questions.none"


class NotThisFormat(Invalid):
    """The file is not in the format that was named."""

    code = "questions.format"


class EntitiesInside(Invalid):
    """The file declares entities of its own, which we never expand; save it without them."""

    code = "questions.entities"


def check_size(content: bytes, *, bytes_max: int = BYTES_MAX) -> None:
    """Raises TooManyQuestions."""
    if len(content) > bytes_max:
        raise TooManyQuestions(f"The file has {len(content):,} bytes; an import takes at most {bytes_max:,}. Split it.")


def check_count(count: int) -> None:
    """Raises TooManyQuestions."""
    if count > QUESTIONS_MAX:
        raise TooManyQuestions(f"The file holds more than {QUESTIONS_MAX:,} questions. Split it.")
