"""Every setting, read once. The README's table explains each variable; `manage.py doctor` and checks.py judge them.

Without any variable this is the embedded edition for development: SQLite in `data/`, DEBUG off, loopback only.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote

import structlog
from django.core.exceptions import ImproperlyConfigured

from config import logs, refusals
from config.keys import kept_keys

BASE_DIR = Path(__file__).resolve().parent.parent


def _flag(name: str, default: bool = False) -> bool:
    return os.environ.get(name, str(default)).strip().lower() in {"1", "true", "yes", "on"}


def _list(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def _whole(name: str, default: int, least: int = 0, most: int = 1_000_000) -> int:
    text = os.environ.get(name, "").strip() or str(default)
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        span = f" from {least} to {most:,}" if (least, most) != (0, 1_000_000) else ""
        raise ImproperlyConfigured(f"{name} is {text[:40]!r}. Set it to a whole number{span}, such as {default}.")
    return int(text)


# Where everything of one installation lies: the SQLite file, the keys that `serve` made.
DATA_DIR = Path(os.environ.get("DATA_DIR", BASE_DIR / "data"))

# Keys. `manage.py serve` and `demo` make and keep their own; anything else must be given them.
_kept = kept_keys(DATA_DIR)
SECRET_KEY = refusals.long_enough(os.environ.get("SECRET_KEY") or (_kept["secret_key"] if _kept else ""))
# Fernet keys, newest first; older ones still decrypt.
FIELD_ENCRYPTION_KEYS = _list("FIELD_ENCRYPTION_KEYS") or (_kept["field_encryption_keys"] if _kept else [])
KEYS_MISSING = not (SECRET_KEY and FIELD_ENCRYPTION_KEYS)
DEBUG = _flag("DEBUG")

APP_URL = os.environ.get("APP_URL", "http://127.0.0.1:8000").rstrip("/")
_app = refusals.address("APP_URL", APP_URL, "https://rewards.example.com")
ALLOWED_HOSTS = [*_list("ALLOWED_HOSTS"), _app.hostname or "127.0.0.1"]
TRUSTED_PROXIES = _whole("TRUSTED_PROXIES", 0)  # how many proxies in front append X-Forwarded-For

# Platforms. The base URLs are settings so that the sandbox can stand in; {shop} is the validated shop domain.
SANDBOX_URL = os.environ.get("SANDBOX_URL", "")  # set only by demo and tests; allows the client to reach loopback
DEMO_STAFF_PASSWORD = os.environ.get("DEMO_STAFF_PASSWORD", "")  # set by the demo for its one login
SHOPIFY_API_KEY = os.environ.get("SHOPIFY_API_KEY", "")
SHOPIFY_API_SECRET = os.environ.get("SHOPIFY_API_SECRET", "")
SHOPIFY_API_SECRET_OLD = os.environ.get("SHOPIFY_API_SECRET_OLD", "")
SHOPIFY_SCOPES = _list(
    "SHOPIFY_SCOPES", "read_orders,read_customers,write_customers,read_products,write_discounts,write_app_proxy"
)
SHOPIFY_BILLING_PLANS = _list("SHOPIFY_BILLING_PLANS")  # "Starter 9.00 USD monthly 14"; none: nothing is charged
SHOPIFY_BILLING_TEST = _flag("SHOPIFY_BILLING_TEST")
SHOPIFY_SHOP_URL = os.environ.get("SHOPIFY_SHOP_URL", "https://{shop}")  # server to server: API and tokens
SHOPIFY_SHOP_ORIGIN = os.environ.get("SHOPIFY_SHOP_ORIGIN", "https://{shop}")  # in the browser; {name} also works
SHOPIFY_ADMIN_URL = os.environ.get("SHOPIFY_ADMIN_URL", "https://admin.shopify.com")
SHOPIFY_BULK_URL = os.environ.get("SHOPIFY_BULK_URL", "https://storage.googleapis.com")  # where bulk results are left
SHOPIFY_CDN_URL = os.environ.get("SHOPIFY_CDN_URL", "https://cdn.shopify.com")
ECWID_CLIENT_ID = os.environ.get("ECWID_CLIENT_ID", "")
ECWID_CLIENT_SECRET = os.environ.get("ECWID_CLIENT_SECRET", "")
ECWID_SCOPES = _list(
    "ECWID_SCOPES",
    "read_store_profile,update_store_profile,read_orders,read_customers,update_customers,create_customers,"
    "read_discount_coupons,create_discount_coupons,update_discount_coupons,customize_storefront,add_to_cp,"
    "public_storefront,read_promotion,create_promotion,update_promotion,delete_promotion,customize_cart_calculation",
)
ECWID_API_URL = os.environ.get("ECWID_API_URL", "https://app.ecwid.com/api/v3")
ECWID_OAUTH_URL = os.environ.get("ECWID_OAUTH_URL", "https://my.ecwid.com/api/oauth")  # server to server
ECWID_ADMIN_URL = os.environ.get("ECWID_ADMIN_URL", "https://my.ecwid.com")  # in the browser
ECWID_FRAME_ANCESTORS = _list("ECWID_FRAME_ANCESTORS", f"{ECWID_ADMIN_URL},https://*.ecwid.com")
ECWID_SDK_URL = os.environ.get("ECWID_SDK_URL", "https://djqizrxa6f10j.cloudfront.net/ecwid-sdk/js/1.3.0/ecwid-app.js")
ECWID_STOREFRONT_ORIGIN = os.environ.get("ECWID_STOREFRONT_ORIGIN", "")  # {store}; empty: what the profile says
ECWID_CART_SIGN_IN = _flag("ECWID_CART_SIGN_IN")  # a cart's customer is who is signed in; see docs/ecwid.md

# Mail leaves through the outbox.
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
_mail = refusals.address(
    "EMAIL_URL", os.environ.get("EMAIL_URL", "smtp://127.0.0.1:25"), "smtp+tls://user:password@mail.example.com:587"
)
EMAIL_HOST = _mail.hostname or "127.0.0.1"
EMAIL_PORT = _mail.port or {"smtps": 465, "smtp+tls": 587}.get(_mail.scheme, 25)
EMAIL_HOST_USER = unquote(_mail.username or "")
EMAIL_HOST_PASSWORD = unquote(_mail.password or "")  # the only way to write a slash or a question mark in an address
EMAIL_USE_TLS = _mail.scheme == "smtp+tls"
EMAIL_USE_SSL = _mail.scheme == "smtps"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", f"rewards@{_app.hostname or 'localhost'}")

# Database: PostgreSQL in production, SQLite (WAL, IMMEDIATE transactions) embedded.
DATABASES = {
    "default": refusals.database(os.environ.get("DATABASE_URL") or f"sqlite:///{DATA_DIR / 'regulars.sqlite3'}")
}
_database = DATABASES["default"]
if _database["ENGINE"] == "django.db.backends.sqlite3":
    refusals.folder(Path(str(_database["NAME"])).parent, "DATA_DIR or DATABASE_URL")
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32000;"
        " PRAGMA recursive_triggers=ON",
    }
else:
    _options = {"application_name": "regulars", "prepare_threshold": 5, **_database.get("OPTIONS", {})}
    # For psycopg 0 means at once and None never; in DATABASE_URL 0 says never.
    _database["OPTIONS"] = {**_options, "prepare_threshold": _options["prepare_threshold"] or None}
    _database["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "loyalty",
    "storefront_widget",
]

MIDDLEWARE = [
    "config.logs.RequestId",
    "django.middleware.security.SecurityMiddleware",
    "loyalty.dashboard.bodies.BodyLimit",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "loyalty.admin.headers.StaffPages",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# People
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_ADAPTER = "loyalty.admin.accounts.InvitedOnly"
MFA_ADAPTER = "loyalty.admin.accounts.EncryptedFactors"
LOGIN_REDIRECT_URL = "/admin/"
_PETROL = {
    "50": 97,
    "100": 94,
    "200": 88,
    "300": 80,
    "400": 70,
    "500": 58,
    "600": 46,
    "700": 41,
    "800": 35,
    "900": 29,
    "950": 22,
}
UNFOLD = {
    "SITE_TITLE": "Regulars",
    "SITE_HEADER": "Regulars",
    "SITE_SYMBOL": "loyalty",
    "COLORS": {"primary": {step: f"oklch({light}% .075 205)" for step, light in _PETROL.items()}},
}
LOGIN_URL = "/accounts/login/"

# Language and time. Days are each shop's time zone; the server itself thinks in UTC.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]  # one is listed once its catalogue is whole, so that no page is half translated
LOCALE_PATHS = [BASE_DIR / "locale"]  # made by makemessages with the first of them
USE_I18N = True
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
# Served straight from the source folders where nobody has run collectstatic: the embedded edition is one command.
WHITENOISE_USE_FINDERS = not (STATIC_ROOT / "staticfiles.json").exists()
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if WHITENOISE_USE_FINDERS
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# Security. Embedded pages carry no cookies; /admin/ and /accounts/ do, and can never be framed.
SECURE_SSL = _app.scheme == "https"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_SSL_REDIRECT = SECURE_SSL and TRUSTED_PROXIES > 0
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_SSL else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = False
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [APP_URL]
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 4_194_304  # of a whole request, files too: loyalty/dashboard/bodies.py
WEBHOOK_MAX_BYTES = 2_097_152

# Work
CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL", "")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False  # the lines of LOGGING below, which tell no exception's words
INBOX_BATCH = _whole("INBOX_BATCH", 200, least=1, most=500)
# Platforms try again for up to 24 hours; what comes twice within these days is recognised by its number.
QUEUE_KEEP_DAYS = _whole("QUEUE_KEEP_DAYS", 7, least=2, most=3650)
VERIFY_HOUR = _whole("VERIFY_HOUR", 3, most=23)  # in UTC
READY_LAG_SECONDS = _whole("READY_LAG_SECONDS", 300)  # /readyz answers 503 beyond it
METRICS_TOKEN = os.environ.get("METRICS_TOKEN", "")  # empty: /metrics answers this machine alone

# Logs: one line each, no personal data, no secrets.
LOG_JSON = _flag("LOG_JSON")
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        logs.add_way,
        structlog.processors.JSONRenderer() if LOG_JSON else structlog.processors.LogfmtRenderer(),
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=False,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(message)s"},
        "named": {"()": logs.Line, "format": "%(levelname)s %(name)s %(message)s"},
    },
    "handlers": {
        "regulars": {"class": "logging.StreamHandler", "formatter": "line"},
        "console": {"class": "logging.StreamHandler", "formatter": "named"},
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "regulars": {"handlers": ["regulars"], "level": os.environ.get("LOG_LEVEL", "INFO"), "propagate": False}
    },
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": None,
}
