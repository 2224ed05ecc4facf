"""Imports: cartridges become courses, files of questions become practice tests; one way in, one report for all.

A coordinator above catalog and assessments, which never import one another.
"""

from server.base.feature import Feature
from server.imports import erasing, export_routes, files, jobs, routes

feature = Feature(
    name="imports",
    routes=(routes.start_import, routes.get_import, routes.apply_import, export_routes.get_export),
    jobs=(jobs.run_import,),
    crons=(files.unused_cron,),
    erasures=erasing.erasures,
)
