"""The catalogue: directions, subjects, courses, their staff, sections, lessons, texts, and learners' progress."""

from uuid import UUID, uuid5

from alembic import op
from sqlalchemy import text

revision = "20261121_0300_catalog"
down_revision = "20261121_0200_media"

SYNCED = """
    id uuid primary key,
    version bigint not null default 1,
    created_at timestamptz(3) not null default clock_timestamp(),
    updated_at timestamptz(3) not null default clock_timestamp(),
    deleted_at timestamptz(3),
"""
NAMESPACE = UUID("6f1d1a52-4d8a-5e0b-9a55-2f6f1c1b7a10")  # Of derived ids; written out, for a migration never changes.

DIRECTIONS = (
    ("mathematics", "Mathematics", "#1D4ED8", (("mathematics", "Mathematics"), ("statistics", "Statistics"))),
    ("english", "English", "#B45309", (("english", "English"),)),
    ("programming", "Programming", "#047857", (("programming", "Programming"), ("informatics", "Informatics"))),
    (
        "science",
        "Science",
        "#7C3AED",
        (
            ("physics", "Physics"),
            ("chemistry", "Chemistry"),
            ("biology", "Biology"),
            ("geography", "Geography"),
            ("astronomy", "Astronomy"),
        ),
    ),
)


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    _create_shelves()
    _create_courses()
    _create_content()
    _seed()


def _create_shelves() -> None:
    op.execute(
        f"""
        create table catalog_directions ({SYNCED}
            name varchar(100) not null,
            slug varchar(100) not null unique,
            icon_url text,
            description text not null default '',
            color_primary varchar(7) check (color_primary ~ '^#[0-9A-Fa-f]{{6}}$'),
            color_secondary varchar(7) check (color_secondary ~ '^#[0-9A-Fa-f]{{6}}$'),
            is_active boolean not null default true,
            status text not null default 'published' check (status in ('draft', 'published', 'archived')),
            order_index integer not null default 0
        )
        """
    )
    op.execute(
        f"""
        create table catalog_subjects ({SYNCED}
            direction_id uuid references catalog_directions,
            name varchar(100) not null,
            slug varchar(100) not null unique,
            is_active boolean not null default true,
            order_index integer not null default 0
        )
        """
    )
    op.execute("create index ix_catalog_subjects_direction_id on catalog_subjects (direction_id)")


def _create_courses() -> None:
    op.execute(
        f"""
        create table catalog_courses ({SYNCED}
            direction_id uuid references catalog_directions,
            subject_id uuid references catalog_subjects,
            slug varchar(255) not null unique,
            code varchar(20),
            title varchar(255) not null,
            description text not null default '',
            thumbnail_url text,
            category varchar(100),
            language varchar(10) not null,
            level varchar(50),
            access text not null default 'free' check (access in ('free', 'subscription', 'purchase', 'class')),
            price_minor bigint check (price_minor >= 0),
            currency varchar(3),
            status text not null default 'draft' check (status in ('draft', 'published', 'archived')),
            published_at timestamptz(3),
            created_by_id uuid not null,
            order_index integer not null default 0,
            lessons_count integer not null default 0,
            text_bytes bigint not null default 0,      -- of all lessons' blocks
            media_bytes bigint not null default 0,     -- of the largest variant of each file
            licence text,
            attribution text,
            source_url text,
            source_sha256 text,                        -- of the file it was imported from
            constraint ck_catalog_courses_published check ((status = 'published') = (published_at is not null))
        )
        """
    )
    op.execute("create index ix_catalog_courses_status on catalog_courses (status, published_at)")
    op.execute("create index ix_catalog_courses_subject_id on catalog_courses (subject_id)")
    op.execute("create index ix_catalog_courses_direction_id on catalog_courses (direction_id)")
    op.execute("create index ix_catalog_courses_category on catalog_courses (category)")
    # One live course an owner and file: importing the same file again finds the first.
    op.execute(
        "create unique index uq_catalog_courses_source on catalog_courses (created_by_id, source_sha256)"
        " where source_sha256 is not null and deleted_at is null"
    )
    op.execute(
        f"""
        create table catalog_course_staff ({SYNCED}
            course_id uuid not null references catalog_courses,
            user_id uuid not null,
            role text not null check (role in ('owner', 'editor')),
            unique (course_id, user_id)
        )
        """
    )
    op.execute("create index ix_catalog_course_staff_user_id on catalog_course_staff (user_id)")


def _create_content() -> None:
    op.execute(
        f"""
        create table catalog_sections ({SYNCED}
            course_id uuid not null references catalog_courses,
            title varchar(255) not null,
            description text not null default '',
            rank integer not null check (rank >= 0),
            published_at timestamptz(3)       -- the course's, copied: who may see a row follows from the row
        )
        """
    )
    op.execute("create index ix_catalog_sections_course_id on catalog_sections (course_id, rank)")
    op.execute(
        f"""
        create table catalog_lessons ({SYNCED}
            course_id uuid not null references catalog_courses,
            section_id uuid not null references catalog_sections,
            title varchar(255) not null,
            description text not null default '',
            rank integer not null check (rank >= 0),  -- reading order within the course
            minutes integer not null default 1 check (minutes >= 0),
            text_bytes integer not null default 0,
            status text not null default 'published' check (status in ('draft', 'published', 'archived')),
            min_score_to_pass integer not null default 70 check (min_score_to_pass between 0 and 100),
            is_locked boolean not null default false,
            price_minor bigint check (price_minor >= 0),
            published_at timestamptz(3)
        )
        """
    )
    op.execute("create index ix_catalog_lessons_course_id on catalog_lessons (course_id, rank)")
    op.execute("create index ix_catalog_lessons_section_id on catalog_lessons (section_id)")
    op.execute(
        f"""
        create table catalog_lesson_texts ({SYNCED}  -- id is the lesson's
            course_id uuid not null references catalog_courses,
            rank integer not null default 0,
            blocks json not null,
            published_at timestamptz(3),
            constraint fk_catalog_lesson_texts_id foreign key (id) references catalog_lessons
        )
        """
    )
    op.execute("create index ix_catalog_lesson_texts_course_id on catalog_lesson_texts (course_id)")
    op.execute(
        f"""
        create table catalog_progress ({SYNCED}
            user_id uuid not null,
            lesson_id uuid not null references catalog_lessons,
            seen_ppm integer not null default 0 check (seen_ppm between 0 and 1000000),
            seconds integer not null default 0 check (seconds >= 0),
            completed_at timestamptz(3),
            unique (user_id, lesson_id)
        )
        """
    )
    op.execute("create index ix_catalog_progress_lesson_id on catalog_progress (lesson_id)")


def _seed() -> None:
    connection = op.get_bind()
    direction = text(
        "insert into catalog_directions (id, name, slug, color_primary, order_index) values (:id, :name, :slug,"
        " :color, :place)"
    )
    subject = text(
        "insert into catalog_subjects (id, direction_id, name, slug, order_index) values (:id, :direction, :name,"
        " :slug, :place)"
    )
    place = 0
    for order, (slug, name, color, subjects) in enumerate(DIRECTIONS):
        direction_id = _derived("catalog.directions", slug)
        connection.execute(direction, {"id": direction_id, "name": name, "slug": slug, "color": color, "place": order})
        for subject_slug, subject_name in subjects:
            values = {
                "id": _derived("catalog.subjects", subject_slug),
                "name": subject_name,
                "slug": subject_slug,
                "place": place,
            }
            connection.execute(subject, {**values, "direction": direction_id})
            place += 1


def _derived(collection: str, slug: str) -> UUID:
    return uuid5(NAMESPACE, f"{collection}:{slug}")


def downgrade() -> None:
    for table in (
        "progress",
        "lesson_texts",
        "lessons",
        "sections",
        "course_staff",
        "courses",
        "subjects",
        "directions",
    ):
        op.execute(f"drop table catalog_{table}")
