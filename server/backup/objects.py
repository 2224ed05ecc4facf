"""Objects as a backup sees them: of a running store over S3, of a stopped one as the folder in which it keeps them."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol
from urllib.parse import unquote, urlsplit

import urllib3
from minio import Minio
from minio.error import InvalidResponseError, MinioException, S3Error
from urllib3.exceptions import HTTPError

CHUNK_BYTES = 1024 * 1024
CONNECT_S = 5
READ_S = 60


class StoreAway(RuntimeError):
    """The object store does not answer; the message says which."""


class BadKey(ValueError):
    """A key that leads out of its folder."""


@dataclass(frozen=True)
class Entry:
    """One object. `stamp` is another one when the bytes under the key are."""

    key: str
    bytes: int
    stamp: str


class Objects(Protocol):
    """Raises StoreAway."""

    def entries(self, prefix: str = "") -> Iterator[Entry]: ...

    def read(self, key: str) -> Iterator[bytes]:
        """Raises KeyError when it is not there."""

    def write(self, key: str, path: Path) -> None:
        """Put the file's bytes there, whole or not at all."""

    def remove(self, key: str) -> None:
        """Twice is once."""


class FolderObjects:
    """The bucket of a stopped server of our own: plain files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def entries(self, prefix: str = "") -> Iterator[Entry]:
        for path in sorted(self._folder.rglob("*")):
            key = path.relative_to(self._folder).as_posix()
            if path.is_file() and key.startswith(prefix):
                found = path.stat()
                yield Entry(key, found.st_size, str(found.st_mtime_ns))

    def read(self, key: str) -> Iterator[bytes]:
        try:
            with self._path(key).open("rb") as file:
                while chunk := file.read(CHUNK_BYTES):
                    yield chunk
        except (FileNotFoundError, NotADirectoryError):
            raise KeyError(key) from None

    def write(self, key: str, path: Path) -> None:
        target = self._path(key)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        copy_whole(path, target)

    def remove(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / checked(key)


class S3Objects:
    """A bucket over S3: `http(s)://access:secret@host:port/bucket`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._bucket = parts.path.strip("/") or "spark"
        self._name = f"{parts.hostname}:{parts.port or ''}"
        self._client = Minio(
            f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname),
            access_key=unquote(parts.username or ""),
            secret_key=unquote(parts.password or ""),
            secure=parts.scheme == "https",
            http_client=urllib3.PoolManager(
                timeout=urllib3.Timeout(connect=CONNECT_S, read=READ_S), retries=urllib3.Retry(total=3), maxsize=8
            ),
        )

    def entries(self, prefix: str = "") -> Iterator[Entry]:
        try:
            for found in self._client.list_objects(bucket_name=self._bucket, prefix=prefix, recursive=True):
                changed_at = found.last_modified.isoformat() if found.last_modified else ""
                yield Entry(found.object_name, found.size or 0, f"{found.etag} {changed_at}")
        except (MinioException, HTTPError, OSError) as error:
            if isinstance(error, S3Error) and error.code == "NoSuchBucket":
                return
            raise self._away(error) from error

    def read(self, key: str) -> Iterator[bytes]:
        try:
            response = self._client.get_object(bucket_name=self._bucket, object_name=key)
            try:
                yield from response.stream(CHUNK_BYTES)
            finally:
                response.close()
                response.release_conn()
        except (MinioException, HTTPError, OSError) as error:
            if _is_not_there(error):
                raise KeyError(key) from None
            raise self._away(error) from error

    def write(self, key: str, path: Path) -> None:
        try:
            if not self._client.bucket_exists(bucket_name=self._bucket):
                self._client.make_bucket(bucket_name=self._bucket)
            self._client.fput_object(bucket_name=self._bucket, object_name=key, file_path=str(path))
        except (MinioException, HTTPError, OSError) as error:
            raise self._away(error) from error

    def remove(self, key: str) -> None:
        try:
            self._client.remove_object(bucket_name=self._bucket, object_name=key)
        except (MinioException, HTTPError, OSError) as error:
            if not _is_not_there(error):
                raise self._away(error) from error

    def _away(self, error: Exception) -> StoreAway:
        return StoreAway(f"the object store at {self._name} does not answer as it should: {error}")


def _is_not_there(error: Exception) -> bool:
    if isinstance(error, S3Error):
        return error.code in {"NoSuchKey", "NotFound", "NoSuchBucket"}
    return isinstance(error, InvalidResponseError) and "Response code: 404" in str(error)  # As rclone says it.


def checked(key: str) -> PurePosixPath:
    """Raises BadKey for a key that leads elsewhere: a manifest is a file that somebody may have written."""
    path = PurePosixPath(key)
    if not key or path.is_absolute() or ".." in path.parts or "\0" in key:
        raise BadKey(f"{key!r} is no key of an object")
    return path


def copy_whole(source: Path, target: Path) -> None:
    """A copy of the file under the name, all of it or nothing."""
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".partial-")
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file, source.open("rb") as origin:
            while chunk := origin.read(CHUNK_BYTES):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
