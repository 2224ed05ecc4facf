"""Imports: cartridges become courses, GIFT files become practice tests; one way in, one report for both.

A coordinator above catalog and assessments, which never import one another.
"""

from server.base.feature import Feature
from server.imports import erasing, jobs, routes

feature = Feature(
    name="imports",
    routes=(routes.start_import, routes.get_import),
    jobs=(jobs.run_import,),
    erasures=erasing.erasures,
)
