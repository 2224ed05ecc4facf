"""What is refused while a file comes in. Codes are on the wire and never change."""

from server.base.errors import AppError, Conflict, Invalid, NotFound, TooLarge, Unavailable


class UploadUnknown(NotFound):
    """There is no such upload, it is not yours, or its path has run out; ask for it, or begin it anew."""

    code = "upload.unknown"


class IdTaken(Conflict):
    """Another upload has this id; take another one."""

    code = "upload.id_taken"


class Closed(Conflict):
    """This upload takes nothing more."""

    code = "upload.closed"


class WrongOffset(Conflict):
    """The part is kept up to another byte; go on there."""

    code = "upload.offset"

    def __init__(self, received: int) -> None:
        self.received = received
        super().__init__(f"Of this part {received} bytes are kept; go on from there.", fields={"offset": str(received)})


class PartTaken(Conflict):
    """This part is here, with another content; begin a new upload for another file."""

    code = "upload.part_taken"


class Incomplete(Conflict):
    """Parts are missing; send them, then complete it."""

    code = "upload.incomplete"


class LengthMissing(AppError):
    """Say how long the body is."""

    code = "upload.length"
    status = 411


class PartSize(TooLarge):
    """The body is not the rest of this part."""

    code = "upload.part_size"


class PartDamaged(Invalid):
    """What came is not what its hash says; the part was thrown away, send it again."""

    code = "upload.part_damaged"


class PartHash(Invalid):
    """Send `part-sha256`: the SHA-256 of the whole part in 64 hexadecimal digits."""

    code = "upload.part_hash"


class PartNumber(Invalid):
    """The file has no part of this number."""

    code = "upload.part_number"


class WrongHash(Invalid):
    """This is not the hash that the upload was begun with."""

    code = "upload.sha256"


class Empty(Invalid):
    """The file has no bytes."""

    code = "file.empty"


class Busy(Unavailable):
    """Too much comes in at this moment; nothing is lost, try again in a moment."""

    code = "upload.busy"

    def __init__(self) -> None:
        super().__init__((self.__doc__ or "").strip())


class UploadDamaged(Exception):
    """The parts together are not what the sender said: another hash, or an object is gone. `reason` says which."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)
