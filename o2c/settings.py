"""All settings of the portal, read from the environment; a wrong value stops the start with one line."""

from __future__ import annotations

import os
import secrets
import sys
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import dj_database_url
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent


def _flag(name: str, default: bool = False) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if value in {"", "0", "false", "no", "off"}:
        return default if value == "" else False
    if value in {"1", "true", "yes", "on"}:
        return True
    raise ImproperlyConfigured(f"{name} is {value!r}: write 1 or 0.")


def _database(name: str, default: str | None = None) -> dict[str, Any]:
    url = os.environ.get(name) or default
    if not url:
        raise ImproperlyConfigured(
            f"{name} is not set. Start the portal with ./portal demo, run commands with ./portal manage, "
            "or set it to postgres://user:password@host:5432/name."
        )
    try:
        parsed = dj_database_url.parse(url, conn_max_age=600, conn_health_checks=True)
    except Exception as error:
        raise ImproperlyConfigured(
            f"{name} cannot be read ({error}): write postgres://user:password@host:5432/name."
        ) from error
    if "postgresql" not in parsed["ENGINE"]:
        raise ImproperlyConfigured(
            f"{name} must name a PostgreSQL database: postgres://user:password@host:5432/name."
        )
    return dict(parsed)


def _networks(name: str) -> tuple[str, ...]:
    """Networks separated by commas, each as ``10.1.0.0/16``."""
    words = tuple(filter(None, (word.strip() for word in os.environ.get(name, "").split(","))))
    for word in words:
        try:
            ip_network(word)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name}: {error}. Write networks such as 10.1.0.0/16.") from error
    return words


def _redis(database: int) -> str:
    """The address of one logical database of the broker as redis-py understands it."""
    url = os.environ.get("REDIS_URL", "redis://localhost:6379")
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"unix://{parts.path}?db={database}"
    if parts.scheme in {"redis", "rediss"}:
        return f"{parts.scheme}://{parts.netloc}/{database}"
    raise ImproperlyConfigured("REDIS_URL must start with redis://, rediss:// or unix://.")


def _broker(database: int) -> str:
    """The same address as Celery writes it: a unix socket is redis+socket:// there."""
    url = _redis(database)
    if url.startswith("unix://"):
        path, _, number = url.removeprefix("unix://").partition("?db=")
        return f"redis+socket://{path}?virtual_host={number}"
    return url


# --- the process ---------------------------------------------------------------------------------------------

TESTING = "pytest" in sys.modules
DEBUG = _flag("DEBUG")
SECRET_KEY = os.environ.get("SECRET_KEY") or secrets.token_urlsafe(50)
ALLOWED_HOSTS = [
    h for h in os.environ.get("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1],testserver").split(",") if h
]
PORTAL_HOME = Path(os.environ.get("PORTAL_HOME") or BASE_DIR / "var")
DEMO = _flag("PORTAL_DEMO")

INSTALLED_APPS = [
    "o2c.shared",
    "accounts",
    "credit",
    "orders",
    "invoicing",
    "disputes",
    "dunning",
    "o2c.reports",
    "o2c.imports",
    "o2c.demo",
    "o2c.cases",
    "o2c.bench",
    "o2c.home",
    "o2c.hooks",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "django_filters",
    "django_tables2",
    "django_htmx",
    "import_export",
    "django_celery_beat",
    "pgtrigger",
    "axes",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.CurrentUser",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "o2c.urls"
WSGI_APPLICATION = "o2c.wsgi.application"

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
                "o2c.shared.context.frame",
            ],
        },
    }
]

# --- data ----------------------------------------------------------------------------------------------------

DATABASES = {"default": _database("DATABASE_URL")}
DATABASES["default"].setdefault("OPTIONS", {})
DATABASES["default"]["ATOMIC_REQUESTS"] = False
# Every trigger reads the first variable; unset, each reading raises and catches an error, several times the cost.
# The second gives a prepared statement one plan for all values: planning the credit check costs more than running it.
DATABASES["default"]["OPTIONS"].setdefault(
    "options", "-c pgtrigger.ignore={} -c plan_cache_mode=force_generic_plan"
)
# Off behind a pool that gives each transaction another connection.
PREPARED_STATEMENTS = _flag("PREPARED_STATEMENTS", default=True)
# The role that owns the tables and migrates; never its address: the application has no use for that.
DATABASE_OWNER_ROLE = os.environ.get("DATABASE_OWNER_ROLE") or unquote(
    urlsplit(os.environ.get("DATABASE_OWNER_URL", "")).username or ""
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"

CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": _redis(1)}}
MEDIA_ROOT = PORTAL_HOME / "files"

CELERY_BROKER_URL = _broker(0)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 6 * 3600}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "Europe/Paris"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TASK_DEFAULT_QUEUE = "portal"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# --- mail ----------------------------------------------------------------------------------------------------


def _mail(url: str) -> dict[str, Any]:
    """Django's mail settings from one address: smtp://, smtp+tls:// (STARTTLS), smtps://."""
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtp+tls", "smtps"} or not parts.hostname:
        raise ImproperlyConfigured(
            "EMAIL_URL must be smtp://, smtp+tls:// or smtps:// with user:password@host:port."
        )
    return {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or {"smtp": 25, "smtp+tls": 587, "smtps": 465}[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
    }


# Without a mail server messages stay in the outbox page and in files.
EMAIL_URL = os.environ.get("EMAIL_URL", "")
EMAIL_TIMEOUT = 30
if EMAIL_URL:
    globals().update(_mail(EMAIL_URL))
DEFAULT_FROM_EMAIL = os.environ.get("MAIL_FROM", "portail@localhost")
# Where links in messages lead.
PORTAL_URL = os.environ.get("PORTAL_URL") or f"http://localhost:{os.environ.get('PORT') or 8000}"

# --- sign-in and safety --------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
if TESTING:
    PASSWORD_HASHERS.insert(0, "django.contrib.auth.hashers.MD5PasswordHasher")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False

SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = False
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = _flag("HTTPS")
# A proxy in front speaks HTTPS and says so; supervisors ask for health without it.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE_SSL_REDIRECT else None
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
# Five thousand documents of a batch with their lines; anything longer is a 413.
DATA_UPLOAD_MAX_MEMORY_SIZE = 32 * 1024 * 1024
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

# --- language, static files ----------------------------------------------------------------------------------

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", _("French")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Paris"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = PORTAL_HOME / "static"
# Hashed names are for an installation behind collectstatic; the demo serves the folder as it is.
WHITENOISE_USE_FINDERS = not _flag("STATIC_MANIFEST")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _flag("STATIC_MANIFEST")
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
DJANGO_TABLES2_TEMPLATE = "components/table.html"

# --- API -----------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "o2c.shared.api.TokenAuthentication",
        "o2c.shared.api.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser", "rest_framework.parsers.MultiPartParser"],
    "DEFAULT_PAGINATION_CLASS": "o2c.shared.api.Pages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "o2c.shared.api.problem_handler",
    "PAGE_SIZE": 50,
    # Per address; hashing a password is dear on purpose, and wrong ones lock the name as well (AXES_…).
    "DEFAULT_THROTTLE_RATES": {"sign-in": os.environ.get("SIGN_IN_RATE", "300/min")},
    "COERCE_DECIMAL_TO_STRING": True,
    "UNICODE_JSON": True,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "o2c",
    "DESCRIPTION": "Order to cash: accounts, credit, orders, invoices, payments, reports.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    # Choices stand where they are used: no made-up names for sets that happen to be equal.
    "POSTPROCESSING_HOOKS": ["o2c.api_examples.with_examples"],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"keys": {"()": "o2c.shared.log_masks.MaskKeys"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["keys"]}},
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "WARNING")},
}

# --- the domain: who provides what, who reacts to what -------------------------------------------------------

# The parts of exposure: each names a SQL fragment of rows (account, part, currency, amount, due date).
CREDIT_EXPOSURE = (
    "orders.queries.exposure_rows",
    "invoicing.queries.exposure_rows",
    "invoicing.factoring.exposure.exposure_rows",
)

# Facts about a client that later applications know; a fact without a provider is unknown, never 0.
CREDIT_FACTS = {
    "first_payment": "invoicing.queries.has_paid_invoice",
    "order_rhythm": "orders.queries.order_rhythm",
    "deposit_received": "invoicing.queries.deposit_received",
    "expected_money": "invoicing.expected.receipts.expected_money",
    "expected_payment": "invoicing.expected.receipts.expected_payment",
    "usual_vat": "invoicing.queries.usual_vat",
    "cover_year": "invoicing.claims.cap.this_year",
    "unpaid_returned": "invoicing.returned.unpaid_returned",
    "released_of_late": "orders.released.released_of_late",
    "promises_not_kept": "dunning.queries.promises.promises_not_kept",
    "abusive_disputes": "disputes.queries.abusive_disputes",
}

# What happened to clients of late that somebody must look at, by kind of alert.
ALERT_EVENTS = {
    "UNUSUAL_ORDER": "orders.queries.unusual_orders",
    "DELAY_TREND": "invoicing.expected.queries.delay_trends",
    "DECLARATION": "invoicing.declarations.declarations_due",
    "INDEMNITY_DUE": "invoicing.claims.alerts.indemnities_due",
    "NEW_DISPUTE": "disputes.queries.new_disputes",
    "CLAIM_FILING": "invoicing.insolvency.claims_to_file",
    "TITLE_CLAIM": "invoicing.insolvency.titles_to_claim",
    "FROZEN_PAYMENT": "invoicing.insolvency.frozen_payments",
    "SOLD_DISPUTED": "invoicing.factoring.alerts.disputed_sold",
    "TO_PASS_ON": "invoicing.factoring.alerts.money_to_pass_on",
    "LIMITATION": "dunning.queries.handovers.limitations_near",
    "DISPLEASED": "dunning.queries.satisfaction.displeased",
}

# What a scorecard rests on beyond credit's own rows: of many clients at once, rows that begin with the client.
SCORE_FACTS = {
    "paid": "invoicing.score_facts.paid",
    "late": "invoicing.score_facts.late",
    "returned": "invoicing.score_facts.returned",
    "invoiced": "invoicing.score_facts.invoiced",
    "broken": "dunning.queries.promises.broken_in",
    "disputed": "disputes.score_facts.disputed",
}

# What a suggested base limit rests on beyond credit's own rows, in the same manner.
LIMIT_FACTS = {
    "purchases": "invoicing.score_facts.purchases",
    "paid": "invoicing.score_facts.paid",
}

# What papers of an order say of the company and the client beyond their rows.
PAPER_FACTS = "invoicing.paper_facts.paper_facts"

# What later applications know of the day an item will be paid: functions of keys that give (item, day), and of what
# is planned for which day (item, day, amount).
EXPECTED_RECEIPTS: dict[str, tuple[str, ...]] = {
    "promised": ("dunning.queries.promises.promised_days",),
    "planned": ("dunning.queries.payment_plans.planned_parts",),
    "resolutions": ("disputes.queries.resolutions_expected",),
}

# The last day on which items can be claimed in court: of items with their account, by key.
ITEM_LIMITATION = "dunning.queries.handovers.limitation_dates"

# What takes the client's word for the part of an invoice that a payment lacks.
AGREEMENT = "dunning.services.agreements.accept"
SHORT_PAYMENT_PROMISE = "dunning.services.promises.promise_rest"

# The client page and the list of clients: figures beside the rows, and the parts of the page in their order.
CLIENT_FIGURES = {"rows": "credit.lists.with_standing", "totals": "credit.lists.standing_totals"}
CLIENT_PANELS = {
    "state": "credit.views.panels.state",
    "insolvency": "invoicing.views.insolvency.panel",
    "alerts": "credit.views.alerts.panel",
    "exposure": "credit.views.panels.exposure",
    "sell": "credit.views.panels.sell",
    "actions": "o2c.home.clients.needs_action",
    "items": "o2c.home.clients.items",
    "disputes": "disputes.views.panel.client_panel",
    "promises": "dunning.views.promises.panel",
    "plans": "dunning.views.payment_plans.panel",
    "notes": "credit.views.notes.panel",
    "reminders": "dunning.views.runs.panel",
    "links": "dunning.views.links.panel",
    "timeline": "o2c.home.clients.timeline",
    "trend": "credit.views.panels.trend",
    "score": "credit.views.score.panel",
    "limits": "credit.views.panels.limits",
    "guarantees": "credit.views.guarantees.panel",
    "insurance_claims": "invoicing.views.claims.panel",
    "sold": "invoicing.views.factoring.panel",
    "decisions": "o2c.home.clients.decisions",
}

# What the pages of a demonstration say of the age of its data.
DEMO_NOTICE = "o2c.demo.age.notice"

# What follows an act, each delivered as a work row in a transaction of its own.
REACTIONS: dict[str, tuple[str, ...]] = {
    "credit.changed": (
        "orders.services.reexamine_held",
        "credit.standing.refresh_after",
        "dunning.services.promises.after_payment",
        "dunning.services.plan_judging.after_payment",
    ),
    "credit.changed_by_many": (
        "orders.services.reexamine_many",
        "credit.standing.refresh_many",
        "dunning.services.promises.after_payments",
        "dunning.services.plan_judging.after_payments",
    ),
    "credit.taken": ("credit.standing.refresh_after",),
    "credit.left": ("credit.standing.refresh_left",),
    "credit.taken_by_many": ("credit.standing.refresh_many",),
    "legal.noticed": ("credit.alerts.services.look_at",),
    "proceedings.opened": ("credit.scorecard.services.override.ask_for_proceedings",),
    "score.changed": ("o2c.home.score_notices.score_changed",),
    "class_override.asked": ("o2c.home.score_notices.override_asked",),
    "class_override.decided": ("o2c.home.score_notices.override_decided",),
    "class_override.ended": ("o2c.home.score_notices.override_ended",),
    "authority.change_asked": ("o2c.home.policy_notices.authority_asked",),
    "authority.change_decided": ("o2c.home.policy_notices.authority_decided",),
    "credit_policy.published": ("o2c.home.policy_notices.published",),
    "account.opened": ("credit.standing.refresh_after",),
    "nightly.accounts": ("orders.services.nightly_recheck",),
    "nightly.levels": ("credit.alerts.services.look_at_all",),
    "client_note.written": ("o2c.home.note_notices.note_written",),
    "client_note.weighed": ("credit.alerts.services.look_at",),
    "alerts.raised": ("o2c.home.alert_notices.alerts_raised",),
    "nightly.differences": ("o2c.home.notices.book_differs",),
    "order.held": ("o2c.home.notices.order_held",),
    "order.released": ("o2c.home.notices.order_released",),
    "order.refused": (
        "o2c.home.notices.order_refused",
        "orders.services.order_without_object",
        "invoicing.services.order_ended",
    ),
    "order.cancelled": ("orders.services.order_without_object", "invoicing.services.order_ended"),
    "order.closed": ("orders.services.order_without_object", "invoicing.services.order_ended"),
    "order.condition_ended": (
        "orders.services.follow_conditions",
        "o2c.home.condition_notices.condition_ended",
    ),
    "order.agreement_not_kept": ("orders.services.hold_again",),
    "order.release_void": ("o2c.home.condition_notices.release_void",),
    "limit.submitted": ("o2c.home.notices.limit_submitted",),
    "limit.signed": ("o2c.home.notices.limit_signed",),
    "limit.decided": ("o2c.home.notices.limit_decided", "orders.services.limit_decided"),
    "order.message": ("o2c.home.exchange_notices.message_written",),
    "override.requested": ("o2c.home.notices.override_requested",),
    "override.signed": ("o2c.home.notices.override_signed",),
    "override.decided": ("o2c.home.notices.override_decided",),
    "einvoice.status": ("o2c.home.einvoice_notices.einvoice_status", "disputes.services.open_from_status"),
    "invoice.issued": ("invoicing.sending.automatic.send_issued",),
    "message.bounced": (
        "o2c.home.mail_notices.message_bounced",
        "o2c.home.reminder_notices.reminder_bounced",
        "o2c.home.reminder_notices.statement_bounced",
    ),
    "payment.returned": ("o2c.home.notices.payment_returned",),
    "payment.return_undone": ("o2c.home.notices.payment_return_undone",),
    "clients.relayed": ("o2c.home.relay_notices.clients_relayed",),
    "call.relayed": ("o2c.home.relay_notices.call_relayed",),
    "call.displeased": ("o2c.home.notices.client_displeased",),
    "promise.through_link": ("o2c.home.notices.promised_through_link",),
    "promise.not_kept": ("o2c.home.notices.promise_not_kept",),
    "plan.signed": ("o2c.home.plan_notices.plan_signed",),
    "plan.late": ("o2c.home.plan_notices.plan_late",),
    "plan.broken": (
        "o2c.home.plan_notices.plan_broken",
        "dunning.services.plan_judging.after_break",
    ),
    "plan.completed": ("dunning.services.plan_judging.after_completion",),
    "case.alert": ("o2c.home.notices.case_alert",),
    "case.overdue": ("o2c.home.notices.case_overdue",),
    "amount.disputed": ("disputes.services.adopt",),
    "amount.undisputed": ("disputes.services.amounts_ended",),
    "credit_note.decided": ("disputes.services.credit_decided",),
    "dispute.opened": ("o2c.home.dispute_notices.dispute_opened",),
    "dispute.qualified": ("o2c.home.dispute_notices.dispute_assigned",),
    "dispute.assigned": ("o2c.home.dispute_notices.dispute_assigned",),
    "dispute.proposed": ("o2c.home.dispute_notices.dispute_proposed",),
    "dispute.reopened": ("o2c.home.dispute_notices.dispute_assigned",),
    "dispute.outcome_refused": ("o2c.home.dispute_notices.dispute_assigned",),
    "dispute.due_soon": ("o2c.home.dispute_notices.dispute_due_soon",),
    "dispute.breached": ("o2c.home.dispute_notices.dispute_breached",),
    "dispute.directors": ("o2c.home.dispute_notices.dispute_directors",),
    "dispute.decided_by_committee": ("o2c.home.dispute_notices.dispute_assigned",),
    "committee.closed": ("o2c.home.dispute_notices.committee_closed",),
    "dispute.closed": ("o2c.home.dispute_notices.dispute_closed",),
}

# What takes colleagues' documents out of the journal of a rep: each narrows the events.
JOURNAL_SCOPES: tuple[str, ...] = (
    "orders.scope.readable_events",
    "invoicing.scope.readable_events",
    "disputes.scope.readable_events",
)

# The way to the approved platform (domain.md 3.3), and where the one that works through files keeps them.
EINVOICING_GATEWAY = "invoicing.einvoicing.gateway.FileGateway"
EINVOICING_FOLDER = PORTAL_HOME / "einvoicing"

# Where a mail server puts what it says of messages that left (docs/operations.md, Mail).
MAIL_FOLDER = PORTAL_HOME / "mail"
# Who takes messages that do not leave by e-mail, by channel: the class, and the folder of one that works through files.
OUTBOX_CARRIERS: dict[str, tuple[str, Path]] = {
    "sms": ("o2c.shared.carriers.TextFiles", PORTAL_HOME / "sms"),
    "post": ("o2c.shared.carriers.LetterFiles", PORTAL_HOME / "post"),
}
# Files that are made when a message is sent: the function that gives the file of a key.
OUTBOX_SOURCES: dict[str, str] = {
    "invoice": "invoicing.sending.files.pdf",
    "bundle": "invoicing.bundle.files.bundle",
    "reminder_statement": "dunning.attachments.statement",
}

# Who is told of the events of an act as they are stored, in the act's own transaction.
JOURNAL_LISTENERS: tuple[str, ...] = ("o2c.hooks.services.write",)

# Long work by kind: the function that does it.
WORK_HANDLERS: dict[str, str] = {
    "deposits.arrived": "invoicing.services.money_arrived",
    "matching.examine": "invoicing.services.automatic.examine",
    "matching.sure": "invoicing.services.automatic.match_sure",
    # Asked for by a release before this one; no new row is of this kind.
    "matching.one": "invoicing.services.automatic.match_one",
    "api.bulk": "credit.api.bulk.run",
    "api.bulk.on": "credit.api.bulk.run_on",
    "credit.alerts": "credit.alerts.services.look_at_range",
    "credit.nightly": "credit.nightly.start",
    "credit.nightly_accounts": "credit.nightly.run_range",
    "credit.nightly_levels": "credit.nightly.run_levels",
    "credit.nightly_scores": "credit.scorecard.nightly.run_range",
    "credit.score_entity": "credit.scorecard.services.refresh_entity",
    "credit.end_override": "credit.scorecard.services.run_out",
    "credit.follow_class": "credit.scorecard.services.follow_class",
    "credit.nightly_proofs": "credit.nightly.run_proofs",
    "orders.before_delivery": "orders.services.check_before_delivery",
    "orders.enter_horizon": "orders.services.enter_horizon",
    "disputes.new_day": "disputes.services.clock.new_day",
    "orders.new_day": "orders.services.new_day",
    "orders.recheck": "orders.services.recheck_account",
    "orders.decide_one": "orders.services.decide_one",
    "dunning.daily": "dunning.services.runs.daily",
    "dunning.send": "dunning.services.sending.send",
    "dunning.relays": "dunning.services.relays.relay_calls",
    "handovers.bundle": "dunning.handover_file.make",
    "promises.judge": "dunning.services.promises.judge_promises",
    "plans.judge": "dunning.services.plan_judging.judge_plans",
    "releases.outcomes": "invoicing.outcomes.services.mark_releases",
    "recurring.new_day": "invoicing.recurring.services.new_day",
    "recurring.bill": "invoicing.recurring.services.bill_due",
    "expected.habits": "invoicing.expected.services.refresh",
    "einvoicing.hand_over": "invoicing.einvoicing.handover.hand_over",
    "einvoicing.fetch": "invoicing.einvoicing.services.fetch",
    "einvoicing.receipts": "invoicing.einvoicing.services.report_receipts",
    "einvoicing.send": "invoicing.einvoicing.services.send",
    "hooks.send": "o2c.hooks.services.send",
    "carriers.fetch": "o2c.shared.carrying.fetch",
    "mail.fetch": "o2c.shared.mail_in.fetch",
    "outbox.send": "o2c.shared.outbox.send",
    "outbox.digest": "o2c.home.letters.send_digests",
    "client_statements.due": "dunning.services.statements.send_due",
    "client_statements.one": "dunning.services.statements.send_one",
    "statements.due": "o2c.reports.monthly.services.send_due",
    "statements.one": "o2c.reports.monthly.services.send_one",
    "reports.file": "o2c.reports.background.write",
    "lists.file": "o2c.home.list_files.write",
    "results.remove": "o2c.shared.results.remove",
    "invoicing.files": "invoicing.services.files.make",
    "imports.ledger": "o2c.imports.runs.enter",
    "imports.preview": "o2c.imports.runs.preview",
    "bank.look": "invoicing.services.statement_files.look",
    "bank.book": "invoicing.services.statement_files.book",
    "imports.standings": "credit.standing.refresh_many",
}

# Work that takes long on one core goes to a queue of its own, so that nothing quick waits behind it.
WORK_QUEUES: dict[str, str] = {
    "invoicing.files": "pdf",
    "einvoicing.hand_over": "pdf",
    "dunning.send": "pdf",
    "statements.one": "pdf",
    "handovers.bundle": "pdf",
}

# What the nightly run proves of the book: each returns the differences it found, as plain rows.
BOOK_PROOFS: tuple[str, ...] = (
    "o2c.reports.proofs.nightly_differences",
    "o2c.reports.proofs.journal_differences",
)

# Private networks that webhooks may call all the same, such as ``10.1.0.0/16``; none by default.
WEBHOOK_PRIVATE_NETWORKS = _networks("WEBHOOK_PRIVATE_NETWORKS")

# Seconds a person waits for a file of a document before being told to fetch it later.
INVOICE_FILE_WAIT = 20

# Days an exchange rate stays usable after its publication (domain.md 4.1).
RATE_MAX_AGE_DAYS = 7
