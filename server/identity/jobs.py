"""Mails about accounts. An installation without a mail server writes them as files."""

import asyncio
from email.message import EmailMessage
from pathlib import Path

from server.base.ids import new_id
from server.base.jobs import Payload, long_job
from server.base.work import Work

_WORDS = {
    "identity.verify_email": ("Confirm your e-mail", "Welcome to Spark. Open this link to confirm your e-mail: {link}"),
    "identity.already_registered": (
        "You have an account already",
        "Somebody, perhaps you, tried to register with this e-mail. You have an account, so sign in with it.",
    ),
}


class SendMail(Payload, frozen=True, tag="identity.send_mail"):
    to: str
    template: str
    locale: str
    link: str | None


@long_job(SendMail, timeout_s=60, attempts_max=6)
async def send_mail(work: Work, payload: SendMail) -> None:
    """Write the mail into SPARK_DATA/mail. A second run writes it twice: better than never."""
    subject, body = _WORDS[payload.template]
    message = EmailMessage()
    message["To"] = payload.to
    message["From"] = "Spark <no-reply@localhost>"
    message["Subject"] = subject
    message.set_content(body.format(link=payload.link or ""))
    await asyncio.to_thread(keep, work.settings.data / "mail", message)


def keep(folder: Path, message: EmailMessage) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / f"{new_id()}.eml").write_bytes(message.as_bytes())
