"""Help questions: learners ask, verified mentors answer, all of it offline if need be."""

from server.base.feature import Feature
from server.questions import collections, erasing, jobs, moderation, mutators, queries
from server.questions.models import Answer, Question
from server.questions.subscriptions import subscriptions

feature = Feature(
    name="questions",
    collections=(collections.questions, collections.answers),
    grants=collections.admin_queues,
    bucket_kinds=(collections.mentors,),
    mutators=(
        mutators.ask_question,
        mutators.edit_question,
        mutators.withdraw_question,
        mutators.close_question,
        mutators.reopen_question,
        mutators.post_answer,
        mutators.accept_answer,
        moderation.report,
        moderation.review_reports,
    ),
    jobs=(jobs.notify_mentors, jobs.notify_asker, jobs.notify_accepted),
    subscriptions=subscriptions,
    visible={Question: queries.is_question_visible, Answer: queries.is_answer_visible},
    erasures=erasing.erasures,
)
