"""Log files that stay small: five times four mebibytes a part, the oldest goes."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

FILE_BYTES_MAX = 4 * 1024 * 1024
FILES_MAX = 5
TAIL_LINES = 15
TAIL_BYTES = 16 * 1024


@dataclass
class LogFile:
    """Append to `path`; past the limit it becomes `path.1`, that one `path.2`, and so on."""

    path: Path
    bytes_max: int = FILE_BYTES_MAX
    files_max: int = FILES_MAX

    def __post_init__(self) -> None:
        self._file: BinaryIO = self.path.open("ab")
        self._size = self._file.tell()

    def write(self, chunk: bytes) -> None:
        """Append, unbuffered enough to be read at once."""
        if self._size and self._size + len(chunk) > self.bytes_max:
            self._rotate()
        self._file.write(chunk)
        self._file.flush()
        self._size += len(chunk)

    def close(self) -> None:
        self._file.close()

    def _rotate(self) -> None:
        self._file.close()
        for number in range(self.files_max - 1, 0, -1):
            older = self._numbered(number - 1)
            if older.exists():
                older.replace(self._numbered(number))
        self._file = self.path.open("ab")
        self._size = 0

    def _numbered(self, number: int) -> Path:
        return self.path if number == 0 else self.path.with_name(f"{self.path.name}.{number}")


def tail(path: Path) -> str:
    """Return the last lines, for a person who asks why."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-TAIL_LINES:])
