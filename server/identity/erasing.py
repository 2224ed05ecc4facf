"""What becomes of a person's account: an empty row that nobody can sign in to, for others' rows name its id.

Sessions stay without a name or an address, ended: by them a phone that comes back is told to wipe itself.
"""

from typing import Any
from uuid import UUID

from psycopg import Connection

from sync.erasing import NEUTRAL_NAME, NOW, Blank, Forget

erasures = (
    Forget("identity_user_roles", "user_id"),
    Forget("identity_student_profiles", "user_id"),
    Forget("identity_educator_profiles", "user_id"),
    Forget("identity_mentor_profiles", "user_id"),
    Forget("identity_mentor_subjects", "user_id"),
    Forget("identity_login_events", "user_id"),
    Blank(
        "identity_sessions",
        "user_id",
        {"device_name": None, "address": None, "revoked_at": NOW, "revoked_because": "erased"},
    ),
    Blank(
        "identity_users",
        "id",
        {
            "email": None,
            "email_normal": None,
            "phone": None,
            "telegram_id": None,
            "password_hash": None,
            "full_name": NEUTRAL_NAME,
            "first_name": None,
            "last_name": None,
            "display_name": None,
            "avatar_url": None,
            "bio": None,
            "date_of_birth": None,
            "merge_state": None,
            "status": "inactive",
            "deleted_at": NOW,
        },
    ),
)


def forget_attempts_to_sign_in(connection: Connection[Any], user_id: UUID) -> list[str]:
    """Those that were noted under the e-mail alone; and mails to it that still wait."""
    row = connection.execute("select email_normal from identity_users where id = %s", [user_id]).fetchone()
    if row is not None and row[0] is not None:
        connection.execute("delete from identity_login_events where email_normal = %s", [row[0]])
        connection.execute("delete from base_outbox where strpos(lower(payload), %s) > 0", [row[0]])
    return []
