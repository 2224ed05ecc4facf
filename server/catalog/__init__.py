"""The catalogue: subjects, courses, their lessons as typed blocks, and how far each learner has come."""

from server.base.feature import Feature
from server.catalog import collections

feature = Feature(
    name="catalog",
    collections=(
        collections.subjects,
        collections.courses,
        collections.sections,
        collections.lessons,
        collections.lesson_texts,
        collections.progress,
    ),
    grants=collections.grants,
    bucket_kinds=collections.bucket_kinds,
)
