"""Settings, all from the environment; `.env.example` lists them. Wrong ones are reported all at once.

Nothing set at all is a working system: PostgreSQL and Redis of our own (config/embedded.py), a secret key under var/,
plain HTTP on this machine. With DATABASE_URL set it is a real installation, and safe unless told otherwise.
"""

from __future__ import annotations

import os
import secrets
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dj_database_url
import structlog
from celery.schedules import crontab
from csp.constants import NONE, SELF

from config import embedded, ways_out
from config.environment import Environment
from config.logs import without_calendar_keys
from config.version import VERSION
from sessions_app.jobs.beat import BEAT, Hours

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()

# ---------------------------------------------------------------------------------------------- what kind of system
VAR = embedded.var_directory()  # ZHIXING_VAR
EMBEDDED = not env.text("DATABASE_URL", "")
DEBUG = env.flag("ZHIXING_DEBUG", False)
DEMO = env.flag("ZHIXING_DEMO", False)
SITE_NAME = env.text("ZHIXING_SITE_NAME", "知行")
PROGRAM_VERSION = VERSION
HTTPS = env.flag("ZHIXING_HTTPS", not (DEBUG or EMBEDDED))
PROXY_COUNT = env.number("ZHIXING_PROXY_COUNT", 0)
CLOCK: datetime | None = env.moment("ZHIXING_CLOCK", ZoneInfo("Asia/Shanghai"))
if CLOCK and not (EMBEDDED or DEMO):
    env.refuse("ZHIXING_CLOCK", "只用于演示和测试 (for demo and tests only)")


def own_secret_key() -> str:
    path = VAR / "secret_key"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(64))
    except FileExistsError:
        pass
    return path.read_text()


if EMBEDDED or DEBUG:
    SECRET_KEY = env.text("ZHIXING_SECRET_KEY", "") or own_secret_key()
    ALLOWED_HOSTS = env.words("ZHIXING_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
else:
    SECRET_KEY = env.text("ZHIXING_SECRET_KEY", least=50)
    ALLOWED_HOSTS = env.words("ZHIXING_HOSTS")
SECRET_KEY_FALLBACKS = env.words("ZHIXING_OLD_SECRET_KEYS", [])

# ------------------------------------------------------------------------------------------- database, cache, broker
DATABASE_POOL = env.flag("ZHIXING_DATABASE_POOL", True)  # off in workers, which fork
DATABASE_POOL_SIZE = env.number("ZHIXING_DATABASE_POOL_SIZE", 12)
DATABASE_SECONDS = 2  # to reach it; a page that has to wait longer says so instead
LOCK_TIMEOUT = env.text("ZHIXING_LOCK_TIMEOUT", "")  # set by upgrades: a migration gives up before it blocks readers
database_url = env.postgres("DATABASE_URL", "")
redis_url = env.redis("REDIS_URL", "")
POSTGRES_BIN = str(embedded.postgres_bin()) if EMBEDDED else ""  # pg_dump and the like; empty: on the PATH
STATIC_ROOT = Path(env.text("ZHIXING_STATIC_ROOT", str(VAR / "static")))
MEDIA_ROOT = VAR / "media"
STATIC_MANIFEST = env.flag("ZHIXING_STATIC_MANIFEST", not DEBUG)
ACCEL = env.text("ZHIXING_ACCEL", "")  # prefix of nginx's internal location, say /protected/; empty: Django sends files
LOG_JSON = env.flag("ZHIXING_LOG_JSON", not (DEBUG or EMBEDDED))
LOG_LEVEL = env.one_of("ZHIXING_LOG_LEVEL", ["DEBUG", "INFO", "WARNING", "ERROR"], "WARNING" if EMBEDDED else "INFO")

# ------------------------------------------------------------------------------------- uploads, sessions, passwords
UPLOAD_MAX_BYTES = env.number("ZHIXING_UPLOAD_MAX_MB", 20) * 1024 * 1024
UPLOAD_TYPES = env.words("ZHIXING_UPLOAD_TYPES", ["pdf", "docx", "xlsx", "pptx", "doc", "xls", "wps", "jpg", "png"])
SESSION_IDLE_SECONDS = env.number("ZHIXING_SESSION_IDLE_MINUTES", 30) * 60
SESSION_ABSOLUTE_SECONDS = env.number("ZHIXING_SESSION_HOURS", 12) * 3600
PASSWORD_MAX_DAYS = env.number("ZHIXING_PASSWORD_DAYS", 90)
PASSWORD_HISTORY = env.number("ZHIXING_PASSWORD_HISTORY", 5)
REQUIRE_ADMIN_MFA = env.flag(
    "ZHIXING_REQUIRE_ADMIN_MFA", not (DEBUG or EMBEDDED or DEMO)
)  # second factor for the three
PAPER_MEMORY_MB = env.number("ZHIXING_PAPER_MEMORY_MB", 1024)  # address space of a child that sets PDFs
PAPER_SECONDS = env.number("ZHIXING_PAPER_SECONDS", 120)  # ... and how long one document may take
JOB_RECLAIM_SECONDS = env.number("ZHIXING_JOB_RECLAIM_SECONDS", 60)  # a worker silent for so long counts as dead
MAIL_HOST = env.text("ZHIXING_MAIL_HOST", "")  # empty: nothing is mailed, the inbox has it all
MAIL_SECURITY = env.one_of("ZHIXING_MAIL_SECURITY", ["none", "starttls", "tls"], "starttls")
MAIL_PORT = env.number("ZHIXING_MAIL_PORT", {"none": 25, "tls": 465}.get(MAIL_SECURITY, 587))
MAIL_USER = env.text("ZHIXING_MAIL_USER", "")
MAIL_PASSWORD = env.text("ZHIXING_MAIL_PASSWORD", "")
MAIL_FROM = env.text("ZHIXING_MAIL_FROM", "")
MAIL_TIMEOUT_SECONDS = env.number(
    "ZHIXING_MAIL_TIMEOUT_SECONDS", 20
)  # for one answer; a letter may take three times that
DELIVERY_RECLAIM_SECONDS = env.number("ZHIXING_DELIVERY_RECLAIM_SECONDS", 300)  # a claim this old: its sender died
BASE_URL = env.text("ZHIXING_BASE_URL", "").rstrip("/")  # where people reach the site; empty: messages carry no links
CHAT_HOSTS = env.words("ZHIXING_CHAT_HOSTS", ["qyapi.weixin.qq.com", "oapi.dingtalk.com", "open.feishu.cn"])
CHAT_PRIVATE_HOSTS = env.words("ZHIXING_CHAT_PRIVATE_HOSTS", [])  # those whose names may stand for inner addresses
CHAT_PLAIN = env.flag("ZHIXING_CHAT_PLAIN", False)  # http and this machine itself, for tests and demo
CHAT_URLS = {
    "WECOM": env.text("ZHIXING_CHAT_WECOM_URL", "https://qyapi.weixin.qq.com").rstrip("/"),
    "DINGTALK": env.text("ZHIXING_CHAT_DINGTALK_URL", "https://oapi.dingtalk.com").rstrip("/"),
    "FEISHU": env.text("ZHIXING_CHAT_FEISHU_URL", "https://open.feishu.cn").rstrip("/"),
}
CHAT_SECONDS = env.number("ZHIXING_CHAT_SECONDS", 15)  # one message, then its process is ended
for name, why in ways_out.faults(
    mail_host=MAIL_HOST, mail_security=MAIL_SECURITY, mail_port=MAIL_PORT, mail_user=MAIL_USER,
    mail_password=MAIL_PASSWORD, mail_from=MAIL_FROM, mail_timeout=MAIL_TIMEOUT_SECONDS, base_url=BASE_URL,
    reclaim=DELIVERY_RECLAIM_SECONDS, chat_hosts=CHAT_HOSTS, chat_private_hosts=CHAT_PRIVATE_HOSTS, chat_urls=CHAT_URLS,
    chat_plain=CHAT_PLAIN, chat_seconds=CHAT_SECONDS, may_be_plain=EMBEDDED or DEMO,
):  # fmt: skip
    env.refuse(name, why)
PAPER_FONTS = {  # official names first; the last one is the fallback that bin/setup installs, and doctor says so
    "title": env.words("ZHIXING_FONTS_TITLE", ["方正小标宋简体", "FZXiaoBiaoSong-B05S", "Noto Serif CJK SC"]),
    "body": env.words("ZHIXING_FONTS_BODY", ["仿宋_GB2312", "仿宋", "FangSong", "Noto Serif CJK SC"]),
    "heading": env.words("ZHIXING_FONTS_HEADING", ["黑体", "SimHei", "Noto Sans CJK SC"]),
    "subheading": env.words("ZHIXING_FONTS_SUBHEADING", ["楷体_GB2312", "楷体", "KaiTi", "Noto Serif CJK SC"]),
    "number": env.words("ZHIXING_FONTS_NUMBER", ["Times New Roman", "Noto Serif CJK SC"]),
}

env.finish()  # says everything that is wrong, and stops

try:
    database_url = database_url or embedded.attach("postgres", VAR)
    redis_url = redis_url or embedded.attach("redis", VAR)
except embedded.CannotStart as error:
    sys.exit(str(error))

# ------------------------------------------------------------------------------------------------------- the frame
INSTALLED_APPS = [
    "config",
    "roster",
    "sessions_app",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "config.static.StaticFiles",  # django.contrib.staticfiles
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "axes",
    "csp",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_htmx",
    "django_filters",
    "django_structlog",
]
MIDDLEWARE = [
    "config.away.AwayMiddleware",
    "config.proxy.ProxyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.unreadable.UnreadableMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.clock.ClockMiddleware",
    "roster.accounts.middleware.SessionAgeMiddleware",
    "roster.accounts.middleware.RoleMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "roster.accounts.middleware.ReadOnlyMiddleware",
    "roster.accounts.middleware.DraftMiddleware",
    "roster.accounts.once.OnceMiddleware",
    "roster.accounts.costly.CostlyMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "axes.middleware.AxesMiddleware",  # last, as its manual asks
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
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
                "sessions_app.desk.frame.frame",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True

# ------------------------------------------------------------------------------------------- database, cache, broker
DATABASES = {"default": dj_database_url.parse(database_url, engine="config.postgres")}
database = DATABASES["default"]
database["ATOMIC_REQUESTS"] = False  # an action is a transaction; a page is not
database.setdefault("OPTIONS", {})
if LOCK_TIMEOUT:
    database["OPTIONS"]["options"] = f"-c lock_timeout={LOCK_TIMEOUT}"
database["OPTIONS"]["connect_timeout"] = DATABASE_SECONDS
database["CONN_HEALTH_CHECKS"] = True  # a connection that broke while nobody used it is replaced, pooled or not
if DATABASE_POOL:
    database["CONN_MAX_AGE"] = 0
    database["OPTIONS"]["pool"] = {
        "min_size": 1,
        "max_size": DATABASE_POOL_SIZE,
        "timeout": DATABASE_SECONDS,
        "reconnect_timeout": DATABASE_SECONDS,  # then each request tries anew, instead of waiting longer and longer
    }
else:
    database["CONN_MAX_AGE"] = 60

CACHES = {"default": {"BACKEND": "config.cache.Cache", "LOCATION": redis_url, "KEY_PREFIX": "zhixing"}}

CELERY_BROKER_URL = redis_url.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
CELERY_RESULT_BACKEND = None  # results stand in Job rows
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT = 900
CELERY_TASK_SOFT_TIME_LIMIT = 840
CELERY_TASK_PUBLISH_RETRY = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.2}
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "global_keyprefix": "zhixing:",
    "socket_connect_timeout": 2,
    "socket_timeout": 5,
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.2,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR / "run" / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    row.name: {
        "task": row.task,
        "args": row.arguments,
        "schedule": crontab(minute=f"*/{row.every.minutes}", hour=f"{row.every.first}-{row.every.last}")
        if isinstance(row.every, Hours)
        else row.every,
        "options": {"expires": row.expires},
    }
    for row in BEAT
}
BEAT_KEY = "zhixing:beat"  # in Redis: when beat's tick last went through a worker, unix seconds

# ----------------------------------------------------------------------------------------------------- static, files
STATIC_URL = "static/"
NODE_MODULES = BASE_DIR / "node_modules"
STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("vendor/bootstrap", NODE_MODULES / "bootstrap" / "dist"),
    ("vendor/bootstrap-icons", NODE_MODULES / "bootstrap-icons" / "font"),
    ("vendor/htmx", NODE_MODULES / "htmx.org" / "dist"),
    ("vendor/quill", NODE_MODULES / "quill" / "dist"),
    ("vendor/tom-select", NODE_MODULES / "tom-select" / "dist"),
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": MEDIA_ROOT}},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if STATIC_MANIFEST
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not STATIC_MANIFEST
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["gz", "br", "map", "png", "jpg", "woff", "woff2", "pdf", "zip"]
MEDIA_URL = ""  # files are served by views that check scope, never by address
for directory in (VAR, STATIC_ROOT, MEDIA_ROOT, VAR / "run"):
    directory.mkdir(parents=True, exist_ok=True)
FILE_UPLOAD_PERMISSIONS = 0o640
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o750
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
DATA_UPLOAD_MAX_NUMBER_FILES = 20

# ------------------------------------------------------------------------------------------------- accounts, log-in
AUTH_USER_MODEL = "roster.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # first: refuses while locked
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "roster.accounts.passwords.ThreeOfFourClasses"},
    {"NAME": "roster.accounts.passwords.NotRecentlyUsed"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "roster.accounts.adapter.ClosedAdapter"
ACCOUNT_FORMS = {"change_password": "roster.accounts.forms.OwnPasswordForm"}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
# axes locks by user and address; this bounds one user from many addresses, and guesses at the second factor
ACCOUNT_RATE_LIMITS = {"login": "600/m/ip", "login_failed": "300/m/ip,20/5m/key"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = SITE_NAME
USERSESSIONS_TRACK_ACTIVITY = False  # a page that is only read writes nothing

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]  # a hundred users behind one proxy are not locked by one
AXES_USERNAME_FORM_FIELD = "login"
AXES_USERNAME_CALLABLE = "config.lockout.username"
AXES_LOCKOUT_CALLABLE = "config.lockout.answer"
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_CLIENT_IP_CALLABLE = "config.lockout.address"
AXES_SENSITIVE_PARAMETERS: list[str] = []

# --------------------------------------------------------------------------------------------------------- security
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = SESSION_ABSOLUTE_SECONDS
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "django.views.csrf.csrf_failure"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # asked from inside, without TLS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "worker-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# ------------------------------------------------------------------------------------------------------------- logs
DJANGO_STRUCTLOG_CELERY_ENABLED = True
structlog_steps: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso"),
    structlog.stdlib.PositionalArgumentsFormatter(),
    without_calendar_keys,
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ]
            if LOG_JSON
            else [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
            ],
            "foreign_pre_chain": structlog_steps,
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "celery": {"level": "INFO" if LOG_LEVEL == "DEBUG" else "WARNING"},
        "axes": {"level": "ERROR"},  # refused log-ins stand in the audit
        "fontTools": {"level": "ERROR"},
        "weasyprint": {"level": "ERROR"},
    },
}
structlog.configure(
    processors=[
        *structlog_steps,
        structlog.stdlib.filter_by_level,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
