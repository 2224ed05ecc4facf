"""The refusals of the push half. Codes are on the wire and never change."""

from sync.errors import Refusal


class Malformed(Refusal):
    """The op cannot be read."""

    code = "op.malformed"


class Stale(Refusal):
    """This was made over 400 days ago and may have been applied already; see whether it is there, else make it anew."""

    code = "op.stale"


class Moved(Refusal):
    """What this corrects was already retried, replaced or withdrawn elsewhere."""

    code = "op.moved"


class SchemaNewer(Refusal):
    """This was made by a newer release than the server has run for 30 days; it is tried again when that one runs."""

    code = "op.schema_newer"


class NotUpcast(Refusal):
    """This was made by an older release and cannot be read as it was meant; it is kept, and can be retried."""

    code = "op.not_upcast"


class GroupRefused(Refusal):
    """Another op of its group was refused; a group is applied as a whole or not at all."""

    code = "group.refused"


class GroupTooLarge(Refusal):
    """A group holds at most 100 ops and 256 KB."""

    code = "group.too_large"


class CollectionUnknown(Refusal):
    """There is no such collection."""

    code = "collection.unknown"


class CollectionNotWritable(Refusal):
    """Phones do not write this collection so; a command may do it."""

    code = "collection.not_writable"


class CommandUnknown(Refusal):
    """There is no such command."""

    code = "command.unknown"


class ArgsInvalid(Refusal):
    """The arguments of the command are wrong."""

    code = "args.invalid"


class FieldNotWritable(Refusal):
    """A field is not a phone's to write."""

    code = "field.not_writable"


class FieldInvalid(Refusal):
    """The value of a field is wrong."""

    code = "field.invalid"


class IdTaken(Refusal):
    """Another record with other content has this id."""

    code = "id.taken"


class IdNotDerived(Refusal):
    """The id of this record follows from its key, and this is another one."""

    code = "id.not_derived"


class RecordAbsent(Refusal):
    """There is no such record."""

    code = "record.absent"
    is_absence = True


class Changed(Refusal):
    """Somebody changed the same thing after you saw it; yours is kept as a copy: look at both, and send it anew."""

    code = "record.changed"


class RecordDeleted(Refusal):
    """The record was deleted meanwhile."""

    code = "record.deleted"


class RecordNotYours(Refusal):
    """The record belongs to somebody else."""

    code = "record.not_yours"


class RecordConflict(Refusal):
    """The record does not fit with what is stored."""

    code = "record.conflict"


class ReferenceMissing(Refusal):
    """Something this refers to does not exist."""

    code = "reference.missing"
    is_absence = True


class StateIllegal(Refusal):
    """The record's state does not allow this now."""

    code = "state.illegal"


class RightsLost(Refusal):
    """The right to do this has ended."""

    code = "rights.lost"


class DependsOn(Refusal):
    """What must come before this was refused; it is tried again when that is applied."""

    code = "depends_on"


class DependsOnGone(Refusal):
    """What must come before this was withdrawn or replaced."""

    code = "depends_on.gone"


class DependsOnLate(Refusal):
    """What must come before this did not come within 30 days."""

    code = "depends_on.late"


class BlobMissing(Refusal):
    """A file of this was not sent within 30 days; it is tried again when the file arrives."""

    code = "blob.missing"


class BlobRefused(Refusal):
    """A file of this was not taken; it is tried again when another upload of it is."""

    code = "blob.refused"

    def __init__(self, message: str | None = None, *, keys: tuple[str, ...] = ()) -> None:
        self.keys = keys  # What wakes it: the file, accepted after all.
        super().__init__(message)


class Internal(Refusal):
    """The server failed over this several times; staff can have it tried again."""

    code = "internal"
