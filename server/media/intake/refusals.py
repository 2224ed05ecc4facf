"""Why a file is not taken. Codes and words stand on the row of whoever sent it."""

from server.base.errors import Invalid


class FileRefused(Invalid):
    """The file is not one that we take."""

    code = "file.refused"


class TypeMismatch(FileRefused):
    """The file is something else than its name or its type says."""

    code = "file.type_mismatch"


class Active(FileRefused):
    """The file could run something on whoever opens it."""

    code = "file.active"


class Polyglot(FileRefused):
    """The file is two things at once; save it anew from the program that made it."""

    code = "file.polyglot"


class Infected(FileRefused):
    """The virus scanner knows this file."""

    code = "file.infected"


class Damaged(FileRefused):
    """The file is damaged; make it anew and send that."""

    code = "file.damaged"


class Empty(FileRefused):
    """There is nothing in the file."""

    code = "file.empty"


class PictureTooLarge(FileRefused):
    """The picture has more pixels than we take; make it smaller."""

    code = "image.too_large"


class PictureUnsupported(Damaged):
    """We take JPEG, PNG, WebP, GIF and AVIF pictures."""


class FilmTooLong(FileRefused):
    """The film is longer than four hours; cut it into parts."""

    code = "video.too_long"


class FilmTooLarge(FileRefused):
    """The film's picture is larger than we take; export it at 1080 lines or fewer."""

    code = "video.too_large"


class FilmWithoutPicture(FileRefused):
    """There is no picture in the film; send its sound as a sound file."""

    code = "video.no_picture"


class SoundTooLong(FileRefused):
    """The sound is longer than ten hours; cut it into parts."""

    code = "audio.too_long"


class PdfEncrypted(FileRefused):
    """The PDF is locked with a password; save it without one and send that."""

    code = "pdf.encrypted"


class PdfTooLong(FileRefused):
    """The PDF has more pages than we take; make several of it."""

    code = "pdf.too_many_pages"


class TooCostly(FileRefused):
    """Reading the file takes more time, memory or room than we give to one."""

    code = "media.too_costly"


class ArchiveEntries(FileRefused):
    """The archive has more files than we take."""

    code = "archive.too_many_entries"


class ArchiveTooLarge(FileRefused):
    """The archive unpacks to more than we take."""

    code = "archive.too_large"


class ArchivePath(FileRefused):
    """A name in the archive leads out of it."""

    code = "archive.bad_path"


class ArchiveLink(FileRefused):
    """The archive has links in it."""

    code = "archive.link"


class ArchiveBomb(FileRefused):
    """The archive unpacks to more than a hundred times its size."""

    code = "archive.bomb"


class ArchiveEncrypted(FileRefused):
    """The archive is locked with a password."""

    code = "archive.encrypted"


_ALL: tuple[type[FileRefused], ...] = (
    *(
        FileRefused,
        TypeMismatch,
        Active,
        Polyglot,
        Infected,
        Damaged,
        Empty,
        PictureTooLarge,
        FilmTooLong,
        FilmTooLarge,
    ),
    *(FilmWithoutPicture, SoundTooLong, PdfEncrypted, PdfTooLong, TooCostly),
    *(ArchiveEntries, ArchiveTooLarge, ArchivePath, ArchiveLink, ArchiveBomb, ArchiveEncrypted),
)
_BY_CODE = {kind.code: kind for kind in _ALL} | {"image.unreadable": Damaged, "image.unsupported": PictureUnsupported}


def refusal_of(code: str, words: str) -> FileRefused:
    """What a decoder said, as the refusal of its code."""
    return _BY_CODE.get(code, Damaged)(words)
