"""What the job of an import is told."""

from uuid import UUID

from server.base.jobs import Payload


class RunImport(Payload, frozen=True, tag="imports.run_import"):
    import_id: UUID
