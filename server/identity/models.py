"""People, their roles and profiles, and the sessions they are signed in with."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from server.base.models import Model, Stamped


class User(Stamped, Model):
    __tablename__ = "identity_users"

    email: Mapped[str | None]
    email_normal: Mapped[str | None]
    phone: Mapped[str | None]
    telegram_id: Mapped[int | None]
    password_hash: Mapped[str | None]
    full_name: Mapped[str]
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    display_name: Mapped[str | None]
    avatar_url: Mapped[str | None]
    bio: Mapped[str | None]
    role: Mapped[str]  # The primary one; all of them are in `roles`.
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    status: Mapped[str] = mapped_column(server_default="active")
    email_verified_at: Mapped[datetime | None]
    phone_verified_at: Mapped[datetime | None]
    onboarding_completed: Mapped[bool] = mapped_column(server_default="false")
    locale: Mapped[str] = mapped_column(server_default="en")
    timezone: Mapped[str] = mapped_column(server_default="Asia/Tashkent")
    date_of_birth: Mapped[date | None]
    token_version: Mapped[int] = mapped_column(server_default="0")
    last_login_at: Mapped[datetime | None]
    merge_state: Mapped[dict[str, Any] | None]


class UserRole(Stamped, Model):
    __tablename__ = "identity_user_roles"

    user_id: Mapped[UUID]
    role: Mapped[str]


class StudentProfile(Stamped, Model):
    __tablename__ = "identity_student_profiles"

    user_id: Mapped[UUID]
    grade_level: Mapped[str | None]
    district: Mapped[str | None]
    school: Mapped[str | None]


class EducatorProfile(Stamped, Model):
    __tablename__ = "identity_educator_profiles"

    user_id: Mapped[UUID]
    qualification: Mapped[str | None]
    subjects: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    teaching_experience: Mapped[int | None]  # years
    institution: Mapped[str | None]
    verified_at: Mapped[datetime | None]


class MentorProfile(Stamped, Model):
    __tablename__ = "identity_mentor_profiles"

    user_id: Mapped[UUID]
    expertise_areas: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    availability: Mapped[str | None]
    background: Mapped[str | None]
    verified_at: Mapped[datetime | None]


class MentorSubject(Stamped, Model):
    """A subject a mentor answers for; the queue opens once `verified_at` is set."""

    __tablename__ = "identity_mentor_subjects"

    user_id: Mapped[UUID]
    subject_id: Mapped[UUID]
    verified_at: Mapped[datetime | None]
