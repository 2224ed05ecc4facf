"""A file becomes a course with the tests in it: whoever asks, by the API or by the command line."""

from server.base.actor import Actor
from server.base.rehearsal import NoStorage
from server.base.work import Work
from server.catalog.importing import (
    Also,
    CartridgeOrder,
    Imported,
    Progress,
    import_cartridge,
    no_progress,
    nothing_else,
)
from server.catalog.portable.bringing import import_course
from server.imports.quizzes import QuizTaker


async def bring_course(
    work: Work,
    actor: Actor,
    order: CartridgeOrder,
    *,
    is_ours: bool,
    on_progress: Progress = no_progress,
    also: Also = nothing_else,
) -> Imported:
    """`is_ours`: a course's own file, not a cartridge. A dry run keeps nothing, the pictures of tests neither.

    Raises what `import_cartridge` and `import_course` raise; then nothing was made.
    """
    bring = import_course if is_ours else import_cartridge
    tests = QuizTaker(NoStorage() if order.dry_run else work.storage)
    return await bring(work, actor, order, tests=tests, on_progress=on_progress, also=also)
