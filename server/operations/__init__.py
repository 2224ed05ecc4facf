"""Operations: what the installation works on, for its staff: jobs that were given up, and trying them again."""

from server.base.feature import Feature
from server.operations import routes

feature = Feature(name="operations", routes=(routes.list_failed_jobs, routes.retry_job))
