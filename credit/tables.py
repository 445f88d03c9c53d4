"""The lists of limit requests, of alerts, of covers and of guarantees."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import quote

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from o2c.shared import formats
from o2c.shared.tables import AmountColumn, Column, DateColumn, NameColumn, StatusColumn, Table, TextColumn
from o2c.shared.templatetags.o2c import status

from .alerts.words import sentence
from .enums import AlertKind, AlertStatus, CoverStatus, Level, RequestStatus
from .guarantee_queries import STATES
from .models import BuyerCover, CreditAlert, Guarantee, LimitRequest
from .suggestion.gathering import suggestions
from .suggestion.policy import Suggestion


class LimitRequestTable(Table):
    """One row a request: who, from what to what, since when, where it stands."""

    client = NameColumn(accessor="asked_for__name", verbose_name=gettext_lazy("Client"))
    code = TextColumn(accessor="asked_for__code", export_only=True, verbose_name=gettext_lazy("Code"))
    kind = Column(phone="hide", verbose_name=gettext_lazy("Kind"))
    level = Column(phone="hide", verbose_name=gettext_lazy("Level"))
    current = AmountColumn(
        currency_from="currency", phone="hide", verbose_name=gettext_lazy("Limit in force")
    )
    amount = AmountColumn(
        currency_from="currency",
        strong=True,
        phone="right",
        empty_values=(),
        verbose_name=gettext_lazy("Asked for"),
    )
    requested_by = Column(phone="hide", verbose_name=gettext_lazy("By"), order_by="requested_by__last_name")
    submitted_at = DateColumn(phone="hide", verbose_name=gettext_lazy("Sent"))
    status = StatusColumn(phone="full", verbose_name=gettext_lazy("Status"))
    decided_by = Column(
        phone="hide", verbose_name=gettext_lazy("Decided by"), order_by="decided_by__last_name"
    )

    class Meta:
        model = LimitRequest
        fields = ()

    def render_client(self, record: Any) -> SafeString:
        """Draw the link with code and class under it."""
        return format_html(
            '<a class="c" href="{}">{}</a><span class="sub">{} · {}</span>',
            reverse("credit:limit_request", args=[record.pk]),
            record.asked_for.name,
            record.asked_for.code,
            _("Class %(class)s") % {"class": record.asked_for.risk_class},
        )

    def value_client(self, record: Any) -> str:
        """The name alone in files."""
        return str(record.asked_for.name)

    def render_kind(self, record: Any) -> str:
        """Draw the kind in words."""
        return str(record.get_kind_display())

    def render_level(self, record: Any) -> str:
        """Draw the level in words."""
        return str(Level(record.level).label)

    def render_amount(self, record: Any) -> str | SafeString:
        """Draw the amount; a raise with its sign, no bound as a word."""
        if record.amount is None:
            return format_html('<b class="o-b">{}</b>', _("unlimited"))
        written = formats.money(record.amount, get_language() or "fr", record.currency)
        return format_html('<b class="o-b">{}{}</b>', "+ " if record.kind == "temporary" else "", written)

    def render_status(self, record: Any) -> SafeString:
        """Draw the badge; what was sent waits for its decision."""
        return status("requested" if record.status == RequestStatus.SUBMITTED else record.status)

    def render_requested_by(self, record: Any) -> str:
        """Draw the name."""
        return str(record.requested_by.label())

    def render_decided_by(self, record: Any) -> str:
        """Draw the name."""
        return str(record.decided_by.label()) if record.decided_by else formats.NOTHING


class AlertTable(Table):
    """One row an alert: about whom, what was found, by when, whose it is."""

    client = NameColumn(
        accessor="account__name", verbose_name=gettext_lazy("Client"), order_by="account__sort_key"
    )
    code = TextColumn(accessor="account__code", export_only=True, verbose_name=gettext_lazy("Code"))
    kind = StatusColumn(
        accessor="kind_badge",
        order_by="kind",
        codes=tuple(f"alert_{kind.lower()}" for kind in AlertKind.values),
        phone="full",
        verbose_name=gettext_lazy("Kind"),
    )
    found = Column(
        empty_values=(), orderable=False, phone="full", verbose_name=gettext_lazy("What was found")
    )
    due_on = DateColumn(phone="right", verbose_name=gettext_lazy("Answer by"))
    owner = Column(phone="hide", order_by="owner__last_name", verbose_name=gettext_lazy("Owner"))
    status = StatusColumn(
        accessor="badge",
        order_by="status",
        codes=tuple(f"alert_state_{state.lower()}" for state in AlertStatus.values),
        phone="hide",
        verbose_name=gettext_lazy("Status"),
    )

    class Meta:
        model = CreditAlert
        fields = ()

    def render_client(self, record: Any) -> SafeString:
        """Draw the way to the alert, with the client's code under it."""
        return format_html(
            '<a class="c" href="{}">{}</a><span class="sub">{}</span>',
            reverse("credit:alert", args=[record.pk]),
            record.account.name,
            record.account.code,
        )

    def value_client(self, record: Any) -> str:
        """The name alone in files."""
        name: str = record.account.name
        return name

    def render_found(self, record: Any) -> str:
        """Draw the sentence."""
        return sentence(record)

    def value_found(self, record: Any) -> str:
        """The same in files."""
        return sentence(record)

    def render_owner(self, record: Any) -> str:
        """Draw whose it is."""
        return record.owner.label() if record.owner else "—"

    def value_owner(self, record: Any) -> str:
        """Who, for files."""
        return record.owner.username if record.owner else ""


class ReviewTable(AlertTable):
    """One row a reason to look at a limit again: the limit in force, the one suggested, and the way to ask for it."""

    limit = AmountColumn(
        currency_from="account__company__currency", phone="hide", verbose_name=gettext_lazy("Limit")
    )
    suggested = Column(
        empty_values=(), orderable=False, phone="right", verbose_name=gettext_lazy("Suggested")
    )
    prepare = Column(
        empty_values=(),
        orderable=False,
        phone="full",
        exclude_from_export=True,
        verbose_name=gettext_lazy("Review"),
    )

    class Meta:
        model = CreditAlert
        fields = ()
        sequence = (
            "client",
            "code",
            "kind",
            "found",
            "limit",
            "suggested",
            "due_on",
            "owner",
            "status",
            "prepare",
        )

    @cached_property
    def suggestions(self) -> dict[int, Suggestion]:
        """What is suggested today to the clients of this page, or of the whole file."""
        page = getattr(self, "page", None)
        rows = self.rows if page is None else page.object_list
        return suggestions(sorted({row.record.account_id for row in rows}), on=timezone.localdate())

    def value_suggested(self, record: Any) -> Decimal | None:
        """The amount, for files."""
        return self.suggestions[record.account_id].amount

    def render_suggested(self, record: Any) -> str:
        """Draw the amount that is suggested."""
        amount = self.value_suggested(record)
        currency = record.account.company.currency
        return "—" if amount is None else formats.money_round(amount, get_language() or "fr", currency)

    def render_prepare(self, record: Any) -> SafeString:
        """Draw the way to the prepared request."""
        if record.status != AlertStatus.OPEN:
            return SafeString()
        address = (
            f"{reverse('credit:limit_request_new')}?client={quote(record.account.code)}&review={record.pk}"
        )
        return format_html(
            '<a class="btn sm" href="{}" aria-label="{}">{}</a>',
            address,
            _("Prepare the request"),
            _("Prepare"),
        )


class CoverTable(Table):
    """One row a legal entity: what its insurer covers today."""

    client = NameColumn(verbose_name=gettext_lazy("Client"))
    code = TextColumn(export_only=True, verbose_name=gettext_lazy("Code"))
    siren = TextColumn(accessor="entity__siren", phone="hide", verbose_name=gettext_lazy("SIREN"))
    amount = AmountColumn(
        currency_from="currency", strong=True, phone="right", verbose_name=gettext_lazy("Cover")
    )
    insured_pct = Column(phone="hide", verbose_name=gettext_lazy("Insured share"))
    effective_on = DateColumn(phone="hide", verbose_name=gettext_lazy("From"))
    valid_until = DateColumn(phone="hide", verbose_name=gettext_lazy("Until"))
    status = StatusColumn(
        accessor="badge",
        order_by="status",
        codes=tuple(f"cover_{status.lower()}" for status in CoverStatus.values),
        phone="full",
        verbose_name=gettext_lazy("Status"),
    )

    class Meta:
        model = BuyerCover
        fields = ()

    def render_client(self, record: Any) -> SafeString:
        """Draw the way to the client."""
        return format_html(
            '<a class="c" href="{}">{}</a><span class="sub">{}</span>',
            reverse("accounts:detail", args=[record.code]),
            record.client,
            record.code,
        )

    def value_client(self, record: Any) -> str:
        """The name alone in files."""
        name: str = record.client
        return name

    def render_insured_pct(self, record: Any) -> str:
        """Draw the share."""
        return formats.percent(record.insured_pct / 100, get_language() or "fr", decimals=0)

    def value_insured_pct(self, record: Any) -> Any:
        """The share in percent, for files."""
        return record.insured_pct


class GuaranteeTable(Table):
    """One row a guarantee: of whom, by whom, for how much, until when."""

    client = NameColumn(
        accessor="given_for__name", verbose_name=gettext_lazy("Client"), order_by="given_for__sort_key"
    )
    code = TextColumn(accessor="given_for__code", export_only=True, verbose_name=gettext_lazy("Code"))
    kind = Column(phone="full", verbose_name=gettext_lazy("Kind"))
    guarantor = TextColumn(phone="hide", verbose_name=gettext_lazy("Guarantor"))
    level = Column(phone="hide", verbose_name=gettext_lazy("Level"))
    amount = AmountColumn(currency_from="currency", phone="hide", verbose_name=gettext_lazy("Face amount"))
    counts = AmountColumn(
        currency_from="currency",
        strong=True,
        phone="right",
        orderable=False,
        verbose_name=gettext_lazy("Counts for"),
    )
    valid_from = DateColumn(phone="hide", verbose_name=gettext_lazy("From"))
    valid_until = DateColumn(phone="full", verbose_name=gettext_lazy("Until"))
    status = StatusColumn(
        accessor="badge",
        orderable=False,
        codes=tuple(f"guarantee_{state}" for state in STATES),
        phone="full",
        verbose_name=gettext_lazy("Status"),
    )

    class Meta:
        model = Guarantee
        fields = ()

    def render_client(self, record: Any) -> SafeString:
        """Draw the way to the guarantee, with the client's code and the reference under it."""
        return format_html(
            '<a class="c" href="{}">{}</a><span class="sub">{} · {}</span>',
            reverse("credit:guarantee", args=[record.pk]),
            record.given_for.name,
            record.given_for.code,
            record.reference,
        )

    def value_client(self, record: Any) -> str:
        """The name alone in files."""
        name: str = record.given_for.name
        return name

    def render_kind(self, record: Any) -> str:
        """Draw the kind in words."""
        return str(record.get_kind_display())

    def render_level(self, record: Any) -> str:
        """Draw the level in words."""
        return str(Level(record.level).label)
