"""Imports: cartridges become courses, files of questions become practice tests; one way in, one report for all.

A coordinator above catalog and assessments, which never import one another.
"""

from server.base.feature import Feature
from server.imports import erasing, files, jobs, routes

feature = Feature(
    name="imports",
    routes=(routes.start_import, routes.get_import, routes.apply_import),
    jobs=(jobs.run_import,),
    crons=(files.unused_cron,),
    erasures=erasing.erasures,
)
