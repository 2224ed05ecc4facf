"""The library: reviewed materials for educators and learners, apart from any course."""

from server.base.feature import Cron, Feature
from server.base.search import gather_words
from server.library import collections, erasing, mutators, routes, subscriptions

feature = Feature(
    name="library",
    collections=(collections.items, collections.shelf, collections.ratings),
    grants=collections.grants,
    bucket_kinds=collections.bucket_kinds,
    mutators=mutators.mutators,
    routes=(
        routes.list_library,
        routes.list_own,
        routes.list_waiting,
        routes.get_item,
        routes.describe_item,
        routes.submit_item,
        routes.withdraw_item,
        routes.review_item,
        routes.rate_item,
        routes.get_item_file,
    ),
    crons=(Cron("search.gather_words", every_s=20, run=gather_words),),
    subscriptions=subscriptions.subscriptions,
    erasures=erasing.erasures,
)
