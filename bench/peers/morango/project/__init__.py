"""A Django project with one synced table of rows and one of records. It runs in an environment of its own."""
