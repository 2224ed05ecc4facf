"""Questions that learners ask for help, the answers they get, and reports of either."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from server.base.models import Model, Stamped


class Question(Stamped, Model):
    __tablename__ = "questions_questions"

    subject_id: Mapped[UUID]
    lesson_id: Mapped[UUID | None]
    author_id: Mapped[UUID]
    author_name: Mapped[str]
    title: Mapped[str]
    body: Mapped[str]
    visibility: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="open")
    answers_count: Mapped[int] = mapped_column(server_default="0")
    asked_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by_id: Mapped[UUID | None]
    withdrawn_at: Mapped[datetime | None]
    hidden_at: Mapped[datetime | None]

    @property
    def is_closed(self) -> bool:
        return self.state == "closed"

    @property
    def is_shown(self) -> bool:
        return self.hidden_at is None and self.withdrawn_at is None


class Answer(Stamped, Model):
    """`subject_id`, `asker_id` and `visibility` are the question's, copied: who may see it follows from its own row."""

    __tablename__ = "questions_answers"

    question_id: Mapped[UUID]
    subject_id: Mapped[UUID]
    asker_id: Mapped[UUID]
    visibility: Mapped[str]
    author_id: Mapped[UUID]
    author_name: Mapped[str]
    body: Mapped[str]
    is_accepted: Mapped[bool] = mapped_column(server_default="false")
    posted_at: Mapped[datetime]
    late_at: Mapped[datetime | None]
    withheld_at: Mapped[datetime | None]
    hidden_at: Mapped[datetime | None]

    @property
    def is_shown(self) -> bool:
        return self.hidden_at is None and self.withheld_at is None


class Report(Stamped, Model):
    __tablename__ = "questions_reports"

    target: Mapped[str]
    target_id: Mapped[UUID]
    reporter_id: Mapped[UUID]
    reason: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="open")
    reviewed_at: Mapped[datetime | None]
    reviewed_by_id: Mapped[UUID | None]
