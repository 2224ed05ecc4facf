"""Of the server and of each client alike; the environment says which database."""

import os
from pathlib import Path
from urllib.parse import urlsplit


def _database() -> dict[str, object]:
    url = os.environ["PEER_DATABASE_URL"]
    if not url:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(Path(os.environ["PEER_FOLDER"]) / "client.sqlite3")}
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": parts.username,
        "PASSWORD": parts.password,
        "HOST": parts.hostname,
        "PORT": parts.port,
        "CONN_MAX_AGE": 600,
    }


SECRET_KEY = "for a bench that lives for a minute"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "morango",
    "project.benchapp",
]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "project.urls"
DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = True
