"""The catalogue: subjects, courses, their lessons as typed blocks, and how far each learner has come."""

from server.base.feature import Feature
from server.catalog import (
    collections,
    commands,
    course_media,
    erasing,
    lesson_routes,
    media_routes,
    pack_collections,
    pack_routes,
    packs,
    queries,
    readiness,
    routes,
    upload_rights,
)
from server.catalog.models import Course

feature = Feature(
    name="catalog",
    collections=(
        collections.subjects,
        collections.courses,
        collections.sections,
        collections.lessons,
        collections.lesson_texts,
        collections.progress,
        collections.revisions,
        pack_collections.packs,
        pack_collections.readiness_of_phones,
    ),
    grants=collections.grants,
    bucket_kinds=collections.bucket_kinds,
    mutators=commands.mutators,
    routes=(
        routes.list_courses,
        routes.get_course,
        routes.create_course,
        routes.edit_course,
        routes.publish_course,
        routes.unpublish_course,
        routes.delete_course,
        lesson_routes.add_section,
        lesson_routes.add_lesson,
        lesson_routes.get_lesson,
        lesson_routes.edit_lesson,
        lesson_routes.delete_lesson,
        media_routes.media_capability,
        media_routes.get_media,
        media_routes.get_media_by_capability,
        course_media.get_course_media,
        pack_routes.get_pack,
    ),
    subscriptions=(*packs.subscriptions, *readiness.subscriptions, *upload_rights.subscriptions),
    visible={Course: queries.is_course_visible},
    erasures=erasing.erasures,
)
