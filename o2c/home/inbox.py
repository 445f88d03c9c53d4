"""What waits for one person, line by line, the most urgent first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import Prefetch
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import Company, CustomerAccount, User
from credit.alerts.queries import open_alerts_of
from credit.alerts.words import sentence
from credit.guarantee_queries import guarantees_visible, to_confirm
from credit.lists import with_standing
from credit.models import AccountBlock, AccountWatch, ClassOverride, Guarantee, LimitRequest
from credit.scorecard.services.override import DECIDE, LEVEL
from credit.services.guarantees import CONFIRM
from credit.written.queries import to_acknowledge
from dunning.services.runs import RIGHT as REMIND
from invoicing.einvoicing.services import RIGHT as HAND_OVER
from invoicing.interest_policy import asked_for
from invoicing.interest_queries import rate_table
from invoicing.recurring.queries import in_the_way, stuck, why_unbilled
from invoicing.sending.not_left import NotLeft, not_left, remedy
from invoicing.sending.policy import MailState
from invoicing.sending.queries import troubles
from invoicing.sending.services import RIGHT as SEND
from o2c.shared import formats
from o2c.shared.badges import BADGES
from o2c.shared.calendar import PARIS, add_business_days
from orders.enums import OverrideStatus
from orders.lists import working_time_left
from orders.models import HoldCase, OverrideRequest

from . import queries
from .inbox_line import ALERTS, EVENING, LIMITS, ORDERS, Retry, Waiting
from .reminder_lines import reminders_not_arrived

_ROWS: Final = 10
_LATE_CLIENTS: Final = 5
# Clients to speak to come after what has a clock.
_LATE_CLIENTS_LAST: Final = timedelta(days=90)
_REVIEW_AHEAD: Final = timedelta(days=7)
_LIMIT_ANSWER: Final = timedelta(days=1)
_IDENTIFIED_WITHIN: Final = 5


@dataclass(frozen=True)
class Inbox:
    """The reader, where they work, and when they look; then the lines that wait for them."""

    user: User
    company: Company
    at: datetime

    def may(self, permission: str) -> bool:
        """Whether the reader may do this here."""
        return self.user.may(permission, self.company)

    @property
    def decides(self) -> bool:
        """Whether held orders wait for the reader's decision, rather than concern their clients."""
        return self.may("credit.decide_limit")

    @property
    def watches_only(self) -> bool:
        """Whether the reader looks at what others did: auditors and administrators."""
        return self.may("audit.view") and not (self.decides or self.may("orders.enter"))

    @property
    def handles_orders(self) -> bool:
        """Whether held orders are the reader's business: credit decides them, sales and ADV entered them."""
        return self.decides or self.may("orders.enter")

    @property
    def has_portfolio(self) -> bool:
        """Whether the reader sees a portfolio of their own, rather than every client."""
        return not any(role.sees_all_accounts for role in self.user.roles_in(self.company))

    @property
    def clients(self) -> Any:
        """The reader's clients."""
        return CustomerAccount.objects.visible_to(self.user, self.company)

    def inbox(self) -> list[Waiting]:
        """What waits for the reader, the most urgent first: the first lines of each source."""
        rows = self._limits() + self._classes() + self._guarantees()
        rows += self._reviews() + self._credit_alerts() + self._policy()
        if self.handles_orders:
            rows += self._held()
        if self.may("orders.enter"):
            rows += self._drafts()
        if self.may("payments.allocate"):
            rows += self._payments() + self._unidentified()
        if self.may("accounts.view") and (self.has_portfolio or self.may("payments.allocate")):
            rows += self._late_clients()
        if self.may("rates.manage"):
            rows += self._legal_rates()
        if self.may("invoicing.issue"):
            rows += self._not_billed()
        if self.may(SEND):
            rows += self._not_arrived()
        if self.may(REMIND):
            rows += reminders_not_arrived(self.user, self.company, self.at)
        rows += self._not_left()
        return sorted(rows, key=lambda row: row.due)

    def counts(self, rows: Sequence[Waiting]) -> dict[str, int]:
        """How many lines of each kind there are in all, also those that are not drawn."""
        found = {kind: sum(1 for row in rows if row.kind == kind) for kind in (ORDERS, LIMITS, ALERTS)}
        drawn = sum(1 for row in rows if row.kind == ORDERS and row.seconds is not None)
        if drawn >= _ROWS:
            found[ORDERS] += queries.held_for(self.user, self.company).count() - drawn
        return found

    def _held(self) -> list[Waiting]:
        asked = OverrideRequest.objects.filter(status=OverrideStatus.OPEN).select_related("requested_by")
        cases = queries.held_for(self.user, self.company).prefetch_related(
            Prefetch("override_requests", asked, to_attr="asked")
        )
        return [self._held_row(case) for case in cases[:_ROWS]]

    def _held_row(self, case: HoldCase) -> Waiting:
        order = case.order
        reasons = ", ".join(str(hold.get_reason_display()).lower() for hold in case.active)  # type: ignore[attr-defined]
        asked: OverrideRequest | None = next(iter(case.asked), None)  # type: ignore[attr-defined]
        parts = [order.number, reasons]
        if asked is not None:
            parts.insert(1, _("override asked for by %(name)s") % {"name": asked.requested_by.label()})
        if case.over_limit_by > 0:
            short = formats.money(case.over_limit_by, language(), self.company.currency)
            parts.append(_("%(amount)s short") % {"amount": short})
        return Waiting(
            kind=ORDERS,
            tone="warn",
            icon="send" if asked else "hand-stop",
            word=_("Override") if asked else _("Order"),
            title=order.account.name,
            sub=" · ".join(part for part in parts if part),
            url=reverse("orders:detail", args=[order.number]),
            due=case.target_at,
            amount=order.total_incl_vat,
            currency=order.currency,
            seconds=int(working_time_left(case, self.at).total_seconds()),
        )

    def _limits(self) -> list[Waiting]:
        return [self._limit_row(wish) for wish in queries.limits_for(self.user, self.company)[:_ROWS]]

    def _limit_row(self, wish: LimitRequest) -> Waiting:
        sent = wish.submitted_at or wish.created_at
        waited = int((self.at - sent).total_seconds())
        return Waiting(
            kind=LIMITS,
            tone="info",
            icon="adjustments-dollar",
            word=_("Limit"),
            title=wish.asked_for.name,
            sub=_("%(kind)s, asked for by %(name)s")
            % {"kind": wish.get_kind_display(), "name": wish.requested_by.label()},
            url=reverse("credit:limit_request", args=[wish.pk]),
            due=sent + _LIMIT_ANSWER,
            amount=wish.amount,
            currency=wish.currency,
            note=_("waiting for %(time)s") % {"time": formats.duration(waited, language())},
        )

    def _classes(self) -> list[Waiting]:
        if not self.may(DECIDE) or self.user.authority_in(self.company) < LEVEL:
            return []
        return [self._class_row(row) for row in queries.classes_for(self.user, self.company)[:_ROWS]]

    def _class_row(self, row: ClassOverride) -> Waiting:
        return Waiting(
            kind=ALERTS,
            tone="warn",
            icon="scale",
            word=_("Class"),
            title=row.account.name,
            sub=_("Class %(class)s, asked for by %(name)s")
            % {"class": row.risk_class, "name": row.asked_by.label()},
            url=reverse("credit:scorecard", args=[row.account.code]),
            due=row.asked_at + _LIMIT_ANSWER,
            note=str(row.get_cause_display()),
        )

    def _guarantees(self) -> list[Waiting]:
        if not self.may(CONFIRM):
            return []
        rows = to_confirm(guarantees_visible(self.user, self.company), self.user).order_by(
            "recorded_at", "pk"
        )
        return [self._guarantee_row(row) for row in rows[:_ROWS]]

    def _guarantee_row(self, row: Guarantee) -> Waiting:
        return Waiting(
            kind=ALERTS,
            tone="info",
            icon="certificate",
            word=_("Guarantee"),
            title=row.given_for.name,
            sub=_("%(kind)s, entered by %(name)s")
            % {"kind": row.get_kind_display(), "name": row.recorded_by.label()},
            url=reverse("credit:guarantee", args=[row.pk]),
            due=row.recorded_at + _LIMIT_ANSWER,
            amount=row.amount,
            currency=row.currency,
        )

    def _reviews(self) -> list[Waiting]:
        day = timezone.localdate(self.at) + _REVIEW_AHEAD
        blocks, watches = queries.reviews_until(self.user, self.company, day)
        rows = []
        if self.may("accounts.block"):
            rows += [self._review_row(flag, "lock", "bad", _("Block")) for flag in blocks[:_ROWS]]
        if self.may("accounts.watch"):
            rows += [self._review_row(flag, "eye", "warn", _("Watch")) for flag in watches[:_ROWS]]
        return rows

    def _credit_alerts(self) -> list[Waiting]:
        """What the figures of the reader's clients ask to be looked at."""
        today = timezone.localdate(self.at)
        return [
            Waiting(
                kind=ALERTS,
                tone=BADGES[alert.kind_badge].tone,
                icon=BADGES[alert.kind_badge].icon,
                word=alert.get_kind_display(),
                title=alert.account.name,
                sub=sentence(alert),
                url=reverse("credit:alert", args=[alert.pk]),
                due=datetime.combine(alert.due_on, EVENING, PARIS),
                note=formats.relative_day(alert.due_on, today, language()),
            )
            for alert in open_alerts_of(self.user, self.company)[:_ROWS]
        ]

    def _review_row(self, flag: AccountBlock | AccountWatch, icon: str, tone: str, word: str) -> Waiting:
        assert flag.review_on is not None
        today = timezone.localdate(self.at)
        return Waiting(
            kind=ALERTS,
            tone=tone,
            icon=icon,
            word=word,
            title=flag.account.name,
            sub=flag.reason,
            url=reverse("accounts:detail", args=[flag.account.code]),
            due=datetime.combine(flag.review_on, EVENING, PARIS),
            note=_("look again %(when)s") % {"when": formats.relative_day(flag.review_on, today, language())},
        )

    def _drafts(self) -> list[Waiting]:
        return [
            Waiting(
                kind=ORDERS,
                tone="mute",
                icon="pencil",
                word=_("Draft"),
                title=order.account.name,
                sub=_("%(number)s is not sent yet") % {"number": order.number},
                url=reverse("orders:detail", args=[order.number]),
                due=order.created_at + timedelta(days=7),
                amount=order.total_incl_vat,
                currency=order.currency,
            )
            for order in queries.drafts_of(self.user, self.company)[:_ROWS]
        ]

    def _payments(self) -> list[Waiting]:
        return [
            Waiting(
                kind=ALERTS,
                tone="info",
                icon="cash",
                word=_("Payment"),
                title=item.account.name,
                sub=" · ".join(
                    part for part in (item.document, item.payment.reference if item.payment else "") if part
                ),
                url=reverse("invoicing:payment", args=[item.payment_id]) if item.payment_id else "",
                due=datetime.combine(item.effective_date, EVENING, PARIS),
                amount=-item.open_amount,
                currency=item.currency,
                note=formats.relative_day(item.effective_date, timezone.localdate(self.at), language()),
            )
            for item in queries.unmatched_payments(self.user, self.company)[:_ROWS]
        ]

    def _policy(self) -> list[Waiting]:
        """The version of the credit policy the reader has not acknowledged yet."""
        version = to_acknowledge(self.user, self.company)
        if version is None:
            return []
        return [
            Waiting(
                kind=ALERTS,
                tone="info",
                icon="book-2",
                word=_("Credit policy"),
                title=_("Version %(number)s: to read and acknowledge") % {"number": version.number},
                sub=version.change,
                url=reverse("credit:policy_version", args=[version.number]),
                due=datetime.combine(version.effective_on, EVENING, PARIS),
                note=formats.relative_day(version.effective_on, timezone.localdate(self.at), language()),
            )
        ]

    def _legal_rates(self) -> list[Waiting]:
        """The half-year whose rates somebody must enter, from two weeks before it begins."""
        missing = asked_for(timezone.localdate(self.at), rate_table())
        if missing is None:
            return []
        return [
            Waiting(
                kind=ALERTS,
                tone="warn",
                icon="percentage",
                word=_("Legal rates"),
                title=_("The rates of %(half_year)s are missing") % {"half_year": missing},
                sub=_("until then no interest of that half-year can be claimed"),
                url=reverse("invoicing:rates"),
                due=datetime.combine(missing.first, EVENING, PARIS),
                note=formats.relative_day(missing.first, timezone.localdate(self.at), language()),
            )
        ]

    def _not_billed(self) -> list[Waiting]:
        """Recurring invoices that something stops: until it is mended their period stays unbilled."""
        today = timezone.localdate(self.at)
        return [
            Waiting(
                kind=ALERTS,
                tone="bad",
                icon="calendar-repeat",
                word=_("Not billed"),
                title=row.account.name,
                sub=" · ".join([row.label, *(found.message for found in in_the_way(row))])
                if row.problem["findings"]
                else f"{row.label} · {why_unbilled(row)}",
                url=reverse("invoicing:recurring_one", args=[row.pk]),
                due=datetime.combine(row.next_on, EVENING, PARIS),
                amount=row.total_excl_vat,
                currency=row.currency,
                note=formats.relative_day(row.next_on, today, language()),
            )
            for row in stuck(self.user, self.company)[:_ROWS]
            if row.next_on is not None
        ]

    def _not_arrived(self) -> list[Waiting]:
        """Documents that came back from the client's address, or whose sending failed."""
        return [
            Waiting(
                kind=ALERTS,
                tone="bad",
                icon="mail",
                word=MailState(mail.message.state).label,
                title=mail.invoice.account.name,
                sub=_("%(number)s to %(address)s: correct the address, send it again")
                % {"number": mail.invoice.number, "address": mail.address}
                if mail.message.state == MailState.BOUNCED
                else _("%(number)s to %(address)s: look at the message")
                % {"number": mail.invoice.number, "address": mail.address},
                url=reverse("invoicing:detail", args=[mail.invoice.number]) + "#mail",
                due=mail.asked_at,
                amount=mail.invoice.total_incl_vat,
                currency=mail.invoice.currency,
                note=mail.message.error[:80],
            )
            for mail in troubles(self.user, self.company, self.at)[:_ROWS]
        ]

    def _not_left(self) -> list[Waiting]:
        """Documents that should have left by themselves, to the platform or by mail, and did not."""
        found = not_left(
            self.user, self.company, self.at, mails=self.may(SEND), platform=self.may(HAND_OVER), most=_ROWS
        )
        return [self._not_left_row(row) for row in found]

    def _not_left_row(self, row: NotLeft) -> Waiting:
        url = reverse("invoicing:detail", args=[row.invoice.number])
        return Waiting(
            kind=ALERTS,
            tone="bad",
            icon="mail" if row.by_mail else "send",
            word=_("Not sent") if row.by_mail else _("Not handed over"),
            title=row.invoice.account.name,
            sub=" · ".join(
                [*([] if row.invoice.number in row.why else [row.invoice.number]), row.why, remedy(row)]
            ),
            url=url + ("#mail" if row.by_mail else "#platform"),
            due=row.since,
            amount=row.invoice.total_incl_vat,
            currency=row.invoice.currency,
            retry=Retry(
                reverse("invoicing:send_many" if row.by_mail else "invoicing:hand_over"),
                row.invoice.pk,
                row.invoice.number,
            ),
        )

    def _unidentified(self) -> list[Waiting]:
        """Money that nobody has put on a client five working days after it came in (domain.md 3.7)."""
        today = timezone.localdate(self.at)
        until = add_business_days(today, -_IDENTIFIED_WITHIN)
        return [
            Waiting(
                kind=ALERTS,
                tone="warn",
                icon="help-circle",
                word=_("Not identified"),
                title=payment.payer_name or payment.external_id,
                sub=payment.reference,
                url=f"{reverse('invoicing:desk')}?payment={payment.pk}",
                due=datetime.combine(payment.received_on, EVENING, PARIS),
                amount=payment.amount,
                currency=payment.currency,
                note=formats.relative_day(payment.received_on, today, language()),
            )
            for payment in queries.unidentified_payments(self.user, self.company, until)[:_ROWS]
        ]

    def _late_clients(self) -> list[Waiting]:
        """The reader's clients who owe most that is late."""
        annotated: Any = with_standing(self.clients)
        late = annotated.filter(overdue__gt=0).order_by("-overdue", "sort_key")[:_LATE_CLIENTS]
        today = timezone.localdate(self.at)
        rows = []
        for client in late:
            days = (today - client.oldest_due).days if client.oldest_due else 0
            rows.append(
                Waiting(
                    kind=ALERTS,
                    tone="bad",
                    icon="clock-exclamation",
                    word=_("Overdue"),
                    title=client.name,
                    sub=_("the oldest: %(days)s late; the next order may be held")
                    % {"days": formats.days_in_words(days, language())},
                    url=reverse("accounts:detail", args=[client.code]) + "?show=overdue#items",
                    due=self.at + _LATE_CLIENTS_LAST,
                    amount=client.overdue,
                    currency=self.company.currency,
                )
            )
        return rows

    def money(self, amount: Decimal) -> str:
        """An amount in the company's currency."""
        return formats.money(amount, language(), self.company.currency)


def language() -> str:
    """The reader's language."""
    return get_language() or "fr"
