"""Media: images made fit for phones, kept by their content, served to those who may open what shows them."""

from server.base.feature import Feature
from server.media import collections, erasing, missing, orphans
from server.media.intake import jobs as intake_jobs
from server.media.renditions import jobs as rendition_jobs
from server.media.uploads import collections as upload_collections
from server.media.uploads import erasing as upload_erasing
from server.media.uploads import routes as upload_routes
from server.media.uploads import sweeping

feature = Feature(
    name="media",
    collections=(collections.files, upload_collections.uploads),
    routes=upload_routes.handlers,
    jobs=(
        *(sweeping.sweep_uploads, intake_jobs.check_upload, intake_jobs.check_large_upload),
        *(rendition_jobs.make_rendition, rendition_jobs.make_film, orphans.sweep_orphans),
        missing.find_file,
    ),
    crons=(sweeping.sweep_cron, orphans.orphans_cron),
    erasures=(*upload_erasing.erasures, *erasing.erasures),
    erase=erasing.forget_files,
)
