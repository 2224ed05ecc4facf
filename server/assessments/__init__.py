"""Tests and exams: banks of items, keys apart, attempts, marks."""

from server.assessments import attempts, collections, composing, copying, erasing, jobs, opening, publishing, queries
from server.assessments.models import Assessment, Attempt
from server.base.events import Subscription
from server.base.feature import Cron, Feature
from server.catalog.events import CourseCopied, CoursePublished

feature = Feature(
    name="assessments",
    collections=(
        collections.assessments,
        collections.items,
        collections.attempts,
        collections.answers,
        collections.drafts,
        collections.tests,
    ),
    mutators=(attempts.submit_attempt, publishing.publish, composing.publish_test, opening.open_test),
    jobs=(jobs.grade_attempt, jobs.retire_items),
    crons=(
        Cron("assessments.close_overdue", every_s=600, run=jobs.close_overdue),
        Cron("assessments.retire_forgotten", every_s=86_400, run=jobs.retire_forgotten),
    ),
    subscriptions=(
        Subscription(CoursePublished, publishing.publish_with_course),
        Subscription(CourseCopied, copying.copy_tests),
    ),
    visible={Assessment: queries.is_assessment_visible, Attempt: queries.is_attempt_visible},
    erasures=erasing.erasures,
)
