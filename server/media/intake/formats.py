"""The formats that we take: by which names and types they come, and which demuxer reads them."""

from dataclasses import dataclass

from server.media.schemas import FileKind


@dataclass(frozen=True, kw_only=True)
class Format:
    """`name` is ours; `claims` and `endings` are what a sender may call it."""

    name: str
    kind: FileKind
    mime: str
    words: str  # As people call it.
    claims: frozenset[str] = frozenset()
    endings: frozenset[str] = frozenset()
    demuxer: str = ""  # ffmpeg's, for film and sound: named, never guessed.


def _format(
    name: str, kind: FileKind, mime: str, words: str, *, endings: str, also: str = "", demuxer: str = ""
) -> Format:
    return Format(
        name=name,
        kind=kind,
        mime=mime,
        words=words,
        claims=frozenset({mime, *also.split()}),
        endings=frozenset(endings.split()),
        demuxer=demuxer,
    )


_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."

FORMATS: dict[str, Format] = {
    found.name: found
    for found in (
        _format("jpeg", "image", "image/jpeg", "a JPEG picture", endings="jpg jpeg jpe jfif"),
        _format("png", "image", "image/png", "a PNG picture", endings="png"),
        _format("webp", "image", "image/webp", "a WebP picture", endings="webp"),
        _format("gif", "image", "image/gif", "a GIF picture", endings="gif"),
        _format("avif", "image", "image/avif", "an AVIF picture", endings="avif"),
        _format(
            *("mp4", "video", "video/mp4", "an MP4 film"),
            endings="mp4 m4v mov 3gp qt",
            also="video/quicktime video/3gpp",
            demuxer="mov",
        ),
        _format(
            *("webm", "video", "video/webm", "a WebM film"),
            endings="webm mkv",
            also="video/x-matroska",
            demuxer="matroska",
        ),
        _format(
            *("m4a", "audio", "audio/mp4", "an MP4 sound file"),
            endings="m4a m4b mp4 3gp",
            also="audio/aac",
            demuxer="mov",
        ),
        _format("weba", "audio", "audio/webm", "a WebM sound file", endings="webm weba mka", demuxer="matroska"),
        _format("mp3", "audio", "audio/mpeg", "an MP3 sound file", endings="mp3", demuxer="mp3"),
        _format("aac", "audio", "audio/aac", "an AAC sound file", endings="aac", demuxer="aac"),
        _format(
            "ogg", "audio", "audio/ogg", "an Ogg sound file", endings="ogg oga opus", also="audio/opus", demuxer="ogg"
        ),
        _format("wav", "audio", "audio/wav", "a WAV sound file", endings="wav", demuxer="wav"),
        _format("flac", "audio", "audio/flac", "a FLAC sound file", endings="flac", demuxer="flac"),
        _format("pdf", "document", "application/pdf", "a PDF", endings="pdf"),
        _format("vtt", "captions", "text/vtt", "captions", endings="vtt", also="text/plain"),
        _format("srt", "captions", "application/x-subrip", "captions", endings="srt", also="text/plain"),
        _format("docx", "attachment", f"{_OFFICE}wordprocessingml.document", "a Word document", endings="docx"),
        _format("pptx", "attachment", f"{_OFFICE}presentationml.presentation", "a presentation", endings="pptx"),
        _format("xlsx", "attachment", f"{_OFFICE}spreadsheetml.sheet", "a spreadsheet", endings="xlsx"),
        _format("odt", "attachment", f"{_OPEN}text", "a text document", endings="odt"),
        _format("odp", "attachment", f"{_OPEN}presentation", "a presentation", endings="odp"),
        _format("ods", "attachment", f"{_OPEN}spreadsheet", "a spreadsheet", endings="ods"),
        _format("zip", "attachment", "application/zip", "an archive", endings="zip"),
        _format("text", "attachment", "text/plain", "a text", endings="txt md"),
    )
}
ZIPPED = ("docx", "pptx", "xlsx", "odt", "odp", "ods")
