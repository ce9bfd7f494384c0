"""Settings, all from the environment; the README's table explains each name.

Outside DEBUG everything here is safe to face the internet as it stands, and what has no safe default must be given.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

from csp import constants as csp
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

from attendance.db.engines import database_settings
from attendance.env import Environment
from attendance.navigation import ACCOUNT_MENU, LANGUAGE_MENU, SIDEBAR
from attendance.observability.logging import logging_settings

BASE_DIR = Path(__file__).resolve().parent.parent

env = Environment()
# A file of NAME=value lines beside manage.py, for whoever keeps no environment; the environment itself wins.
env.read_env(env.str("ENV_FILE", default=str(BASE_DIR / ".env")))

DEBUG = env.bool("DEBUG", default=False)
TESTING = env.bool("TESTING", default=False)
SECRET_KEY = env.secret("SECRET_KEY", debug_default="not-a-secret-for-debug-only" if DEBUG else None)
ALLOWED_HOSTS = [
    host.strip() for host in env.secret("ALLOWED_HOSTS", debug_default="*" if DEBUG else None).split(",") if host.strip()
]
STATE_DIR = Path(env.str("STATE_DIR", default=str(BASE_DIR / "var")))
PORT = env.int("PORT", default=3002)

# --- Applications ---------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "unfold.contrib.simple_history",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "django_prometheus",
    "django_structlog",
    "simple_history",
    "import_export",
    "csp",
    "accounts.lockout_app.LockoutConfig",
    "attendance.api",
    "attendance.db",
    "accounts",
    "groups",
    "meetings",
    "attendings",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "attendance.observability.middleware.RequestIdMiddleware",
    "attendance.observability.middleware.RequestLogMiddleware",
    "attendance.api.limits.BodyLimitMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.PreferencesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "attendance.api.etags.ListETagMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "attendance.urls"
WSGI_APPLICATION = "attendance.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "attendance" / "templates"],
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

# --- Data -----------------------------------------------------------------------------------------------------------

DATABASES = {"default": database_settings(env.str("DATABASE_URL", default=f"sqlite:///{STATE_DIR}/attendance.sqlite3"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Counters (throttles, lock-outs) must be one for all workers. Redis where there is one; otherwise files of this host.
# Nothing else is kept across requests, so that no worker answers from what another has outdated.
REDIS_URL = env.str("REDIS_URL", default="")
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "attendance",
            "OPTIONS": {"IGNORE_EXCEPTIONS": True, "SOCKET_CONNECT_TIMEOUT": 0.5, "SOCKET_TIMEOUT": 0.5},
        },
    }
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": STATE_DIR / "counters",
            "OPTIONS": {"MAX_ENTRIES": 20_000},
        },
    }

# --- People and sign-in ---------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "accounts.backends.RoleBackend"]
PASSWORD_HASHERS = [
    "accounts.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
REGISTRATION_OPEN = env.bool("REGISTRATION_OPEN", default=False)
CSRF_FAILURE_VIEW = "attendance.api.errors.csrf_failure"

SIMPLE_JWT = {  # rotation and revocation are in accounts/tokens.py
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=env.int("ACCESS_TOKEN_MINUTES", default=15)),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=env.int("REFRESH_TOKEN_DAYS", default=14)),
    "SIGNING_KEY": env.str("JWT_SIGNING_KEY", default="") or SECRET_KEY,
}

TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
AXES_USERNAME_FORM_FIELD = "username"
AXES_USERNAME_CALLABLE = "accounts.lockout.login_name"
AXES_LOCKOUT_CALLABLE = "accounts.lockout.locked_out"
# Counted in the database, which all workers share: the lock-out still holds while Redis is away.
AXES_HANDLER = "axes.handlers.database.AxesDatabaseHandler"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = env.int("LOGIN_FAILURES", default=10)
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_DISABLE_ACCESS_LOG = True  # who came when is nobody's business; failed attempts are kept while they count
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address"]
AXES_IPWARE_PROXY_COUNT = TRUSTED_PROXIES or None
AXES_IPWARE_META_PRECEDENCE_ORDER = ["HTTP_X_FORWARDED_FOR", "REMOTE_ADDR"] if TRUSTED_PROXIES else ["REMOTE_ADDR"]

# --- The REST interface ---------------------------------------------------------------------------------------------

MAX_BODY_BYTES = env.int("MAX_BODY_BYTES", default=1_048_576)
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000  # an admin page with a large register inline posts some ten fields a person

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.authentication.JWTAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["attendance.api.permissions.RolePermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["attendance.api.parsers.BoundedJSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["attendance.api.throttles.UserThrottle"],
    "DEFAULT_THROTTLE_RATES": {
        "login": env.str("THROTTLE_LOGIN", default="10/min") or None,
        "register": env.str("THROTTLE_REGISTER", default="10/min") or None,
        "refresh": env.str("THROTTLE_REFRESH", default="30/min") or None,
        "user": env.str("THROTTLE_USER", default="1200/min") or None,
    },
    "NUM_PROXIES": TRUSTED_PROXIES,
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "attendance.api.schema.ProblemAutoSchema",
    "URL_FORMAT_OVERRIDE": None,
}
DRF_STANDARDIZED_ERRORS = {
    "EXCEPTION_HANDLER_CLASS": "attendance.api.errors.ProblemHandler",
    "EXCEPTION_FORMATTER_CLASS": "attendance.api.errors.ProblemFormatter",
    "ENABLE_IN_DEBUG_FOR_UNHANDLED_EXCEPTIONS": True,
    "NESTED_FIELD_SEPARATOR": "/",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Attendance",
    "DESCRIPTION": "Registers of groups and meetings: who is expected, who came, and percentages that explain themselves.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "MeetingState": "meetings.rules.State",
        "MarkStatus": "attendings.rules.Status",
        "MarkMethod": "attendings.rules.Method",
        "RoleName": "accounts.rules.Role",
        "Language": "accounts.rules.Language",
    },
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums"],
}

# --- Percentages ----------------------------------------------------------------------------------------------------

ATTENDANCE_POLICY = {
    "late_weight": env.float("LATE_WEIGHT", default=1.0),
    "left_early_weight": env.float("LEFT_EARLY_WEIGHT", default=1.0),
    "excused_counts": env.str("EXCUSED_COUNTS", default="excluded"),
}

# --- Language and time ----------------------------------------------------------------------------------------------

LANGUAGE_CODE = env.str("LANGUAGE_CODE", default="en")
LANGUAGES = [("en", _("English")), ("ru", _("Russian"))]
LOCALE_PATHS = [BASE_DIR / "attendance" / "locale"]
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_TZ = True

# --- Serving --------------------------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "attendance" / "static"]
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "attendance.static_files.NamedByContent"
    },
}
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = DEBUG or TESTING  # no collectstatic before a test

# HTTPS=false is for a site reached as http://localhost: a browser would not send Secure cookies there.
HTTPS = env.bool("HTTPS", default=not DEBUG)
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$", r"^metrics$"]  # asked by machines inside, past the proxy
HSTS_SECONDS = env.int("HSTS_SECONDS", default=3600)
SECURE_HSTS_SECONDS = HSTS_SECONDS if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
X_FRAME_OPTIONS = "DENY"
# Nothing comes from another host, and no script stands in a page. The admin's menus (Alpine) evaluate the attributes of their own elements.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [csp.SELF],
        "script-src": [csp.SELF, csp.UNSAFE_EVAL],
        "style-src": [csp.SELF, csp.UNSAFE_INLINE],
        "img-src": [csp.SELF, "data:"],
        "object-src": [csp.NONE],
        "base-uri": [csp.SELF],
        "form-action": [csp.SELF],
        "frame-ancestors": [csp.NONE],
    }
}
# Subdomains and preload lists are the site owner's to decide: other services may live under the same domain.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

LOGGING = logging_settings(level=env.str("LOG_LEVEL", default="INFO"))
LOGGING_CONFIG = "attendance.observability.logging.configure"
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True  # RequestIdMiddleware has checked it
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG  # one line a request: the one that knows how it ended

PROMETHEUS_EXPORT_MIGRATIONS = False
IMPORT_EXPORT_ESCAPE_ILLEGAL_CHARS_ON_EXPORT = True  # which no workbook can hold

LOGIN_URL, LOGIN_REDIRECT_URL = "admin:login", "admin:index"
UNFOLD = {
    "SITE_TITLE": _("Attendance"),
    "SITE_HEADER": _("Attendance"),
    "SITE_ICON": lambda request: static("attendance/icon.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("attendance/icon.svg")}],
    "SHOW_HISTORY": True,
    "STYLES": [lambda request: static("attendance/admin.css")],
    "SITE_URL": None,  # the admin is the site
    "SHOW_LANGUAGES": True,
    "LANGUAGES": LANGUAGE_MENU,
    "ACCOUNT": ACCOUNT_MENU,
    "SIDEBAR": SIDEBAR,
    "DASHBOARD_CALLBACK": "attendings.admin.today.front_page",
}

env.refuse_if_missing()
