"""Django's settings, all from the environment: safe defaults for development, a complete list of what is missing for
production.

Django carries pages, forms, translations and migrations here. Money never passes through its ORM: rooms run their own
SQL (`canbao.kernel.sql`), and the connection below serves migrations alone.
"""

from __future__ import annotations

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

from canbao.kernel.environment import is_production, kept_once, state_dir
from canbao.site import production

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = is_production()
DEBUG = False


def _refuse_an_unsafe_production() -> None:
    found = production.problems(os.environ)
    if found:
        raise ImproperlyConfigured("; ".join(found))


def _development_secret() -> str:
    import secrets

    return kept_once(state_dir() / "secret_key", secrets.token_urlsafe(50).encode()).decode()


def _database() -> dict[str, object]:
    found = conninfo_to_dict(os.environ.get("DATABASE_URL", ""))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": found.get("dbname") or "canbao",
        "USER": found.get("user") or "",
        "PASSWORD": found.get("password") or "",
        "HOST": found.get("host") or "",
        "PORT": str(found.get("port") or ""),
    }


if PRODUCTION:
    _refuse_an_unsafe_production()

SECRET_KEY = os.environ.get("CANBAO_SECRET_KEY") or _development_secret()
PUBLIC_URL = os.environ.get("CANBAO_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
"""The address people reach us at: printed on vouchers and handed to wallets."""
NOTICE_URL = os.environ.get("CANBAO_NOTICE_URL", "http://127.0.0.1:8001").rstrip("/")
"""The address channels send notices to: the intake process."""
ALLOWED_HOSTS = production.hosts(os.environ, "127.0.0.1,localhost,[::1],testserver")
TRUSTED_ADDRESS_HEADER = os.environ.get("CANBAO_ADDRESS_HEADER", "").strip()
"""The header in which our own proxy writes the caller's address; empty when nothing stands in front of us."""

INSTALLED_APPS = [
    "procrastinate.contrib.django",
    "canbao.kernel",
    "canbao.policy",
    "canbao.registry",
    "canbao.ledger",
    "canbao.billing",
    "canbao.payments",
    "canbao.coverage",
    "canbao.documents",
    "canbao.reconciliation",
    "canbao.doors.frame",
    "canbao.doors.citizen",
    "canbao.doors.verify",
]
MIDDLEWARE = [
    "canbao.doors.frame.headers.security_headers",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "canbao.doors.frame.reader.remember_reader",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "canbao.doors.http.AnswerRefusals",
]
CSRF_FAILURE_VIEW = "canbao.doors.frame.refusals.csrf_refused"

ROOT_URLCONF = "canbao.site.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "canbao.doors.frame.context.page_frame",
            ]
        },
    }
]

DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("zh-hant", "繁體中文"), ("en", "English")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 2 * 60 * 60
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
_PREFIX = "__Host-" if SESSION_COOKIE_SECURE else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_PREFIX}sessionid", f"{_PREFIX}csrftoken"
"""With the prefix a browser takes these cookies from this host over https alone: a neighbour cannot plant one."""
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
"""The origin that browsers name in a form's post. Behind a proxy that ends TLS we are asked over plain http, so it is
said here rather than guessed from the request.
"""
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 100
FILE_UPLOAD_HANDLERS = ["canbao.doors.frame.uploads.RefuseFiles"]

LOGGING_CONFIG = None
"""Logs are structured and masked: `canbao.site.logs` configures them for every process."""
