"""People: accounts, roles, sessions, profiles."""

from server.base.feature import Feature
from server.identity import collections, erasing, jobs, routes

feature = Feature(
    name="identity",
    collections=(collections.me,),
    memberships=(collections.roles,),
    grants=(collections.mentor_queues, collections.parked_staff),
    routes=(
        routes.register,
        routes.verify_email,
        routes.login,
        routes.refresh,
        routes.logout,
        routes.logout_all,
        routes.list_sessions,
        routes.end_session,
        routes.me,
    ),
    jobs=(jobs.send_mail,),
    erasures=erasing.erasures,
    erase=erasing.forget_attempts_to_sign_in,
)
