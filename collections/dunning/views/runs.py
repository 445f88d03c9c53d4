"""Runs on screen: the list, one to be reviewed, reminders, one reminder with its letter, the client's part."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.models import CustomerAccount
from accounts.views.answers import signed_in
from accounts.views.parts import Panel
from dunning import printing, reach_words
from dunning.enums import Exclusion, ReminderStatus, RunStatus, StepChannel, Unreached
from dunning.filters import ReminderFilter
from dunning.models import DunningRun, Reminder
from dunning.queries import contacts, relays
from dunning.queries import runs as queries
from dunning.run_tables import ReminderTable, RunReminderTable, RunTable, step_in_words
from dunning.services import registered, retrying
from dunning.services import runs as services
from invoicing.tables import item_url
from invoicing.views.base import needs, said, translated
from o2c.shared import formats
from o2c.shared.models import OutboxMessage
from o2c.shared.past import look
from o2c.shared.pdf import pdf_response
from o2c.shared.problems import Refusal
from o2c.shared.views import Action, BulkAction, Empty, ListPage, Tab

MENU = "dunning_runs"
_SHOWN = 5
_LEFT_OUT_SHOWN = 50


class RunList(ListPage):
    """Runs of the company at work."""

    request: Any

    title, menu, permission = gettext_lazy("Reminder runs"), MENU, services.RIGHT
    table_class, export_name = RunTable, "reminder-runs"
    template_name = "dunning/runs.html"
    empty = Empty(
        "mail-forward",
        gettext_lazy("No run has been made yet"),
        gettext_lazy("A run proposes who is reminded of what; nothing leaves before you have reviewed it."),
    )

    def get_queryset(self) -> QuerySet[Any]:
        """Return the runs of the company."""
        return queries.run_list(self.request.company)

    def get_actions(self) -> list[Action]:
        """Return the ways to all reminders and to the statements of each month."""
        return [
            Action(_("All reminders"), reverse("dunning:reminders"), "mail-forward"),
            Action(_("Statements to clients"), reverse("dunning:client_statements"), "send"),
        ]


@needs(services.RIGHT)
@require_POST
def make_run(request: Any) -> HttpResponse:
    """Propose the reminders of today."""
    try:
        with translated():
            run = services.plan_run(company=request.company, by=request.user, at=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("dunning:runs")
    return redirect("dunning:run", key=run.pk)


class RunPage(ListPage):
    """One run: what it sends, to whom, and what it leaves out and why."""

    request: Any

    menu, permission = MENU, services.RIGHT
    table_class, filterset_class, export_name = RunReminderTable, ReminderFilter, "reminder-run"
    template_name = "dunning/run.html"
    empty = Empty(
        "mail-forward",
        gettext_lazy("Nobody is to be reminded"),
        gettext_lazy("Everything late is left out for a reason, or was reminded of already."),
    )

    @property
    def run(self) -> DunningRun:
        """The run the address names."""
        if not hasattr(self, "_run"):
            found = queries.run_list(self.request.company).filter(pk=self.kwargs["key"]).first()
            if found is None:
                raise Http404
            self._run: DunningRun = found
        return self._run

    def get_title(self) -> str:
        """Return the day of the run."""
        return _("Run of %(day)s") % {"day": formats.date_short(self.run.as_of)}

    def get_queryset(self) -> QuerySet[Any]:
        """Return its reminders."""
        rows = queries.reminder_list(self.request.user, self.request.company).filter(run=self.run)
        return rows.order_by("-number", "-total", "pk")

    def get_tabs(self) -> list[Tab]:
        """Return the states its reminders may be in."""
        return _tabs(self.request)

    def get_bulk_actions(self) -> list[BulkAction]:
        """Return what may be done with the chosen ones."""
        if not self.waiting():
            return []
        return [BulkAction(_("Approve the chosen ones"), reverse("dunning:approve_run", args=[self.run.pk]))]

    def prints(self) -> list[tuple[str, str]]:
        """Return the files of letters to be printed: address and words, a file a hundred letters."""
        count = printing.to_print(self.request.user, self.run).count()
        address = reverse("dunning:print_run", args=[self.run.pk])
        if count <= printing.AT_ONCE:
            one = ngettext("Print %(count)s letter", "Print %(count)s letters", count) % {"count": count}
            return [(address, one)] if count else []
        return [
            (
                f"{address}?part={part}",
                _("Print letters %(first)s to %(last)s")
                % {"first": first + 1, "last": min(first + printing.AT_ONCE, count)},
            )
            for part, first in enumerate(range(0, count, printing.AT_ONCE), start=1)
        ]

    def waiting(self) -> int:
        """How many reminders wait that this reader may let go."""
        if not hasattr(self, "_waiting"):
            rows = Reminder.objects.filter(run=self.run, status=ReminderStatus.PROPOSED)
            if not self.request.user.may(services.SIGNS, self.run.company_id):
                rows = rows.filter(is_formal=False)
            self._waiting = rows.count()
        return self._waiting

    def unreached(self) -> dict[str, Any]:
        """Return what waits and would reach nobody, with the place where that is mended."""
        found = contacts.unreachable(self.run) if self.run.status != RunStatus.SENT else []
        shown = found[: contacts.SHOWN]
        return {
            "unreached_count": len(found),
            "unreached": [(row.reminder, reach_words.finding(row.finding)) for row in shown],
            "may_mend": self.request.user.may("accounts.edit", self.run.company_id),
        }

    def get_context(self, **extra: Any) -> dict[str, Any]:
        """Return the run, what it left out, and what waits for a signature."""
        reason = self.request.GET.get("left_out", "")
        shown = queries.left_out(self.run, reason, _LEFT_OUT_SHOWN) if reason in Exclusion.values else []
        return {
            **extra,
            "run": self.run,
            "waiting": self.waiting(),
            "prints": self.prints(),
            "to_sign": Reminder.objects.filter(
                run=self.run, status=ReminderStatus.PROPOSED, is_formal=True
            ).count(),
            "may_sign": self.request.user.may(services.SIGNS, self.run.company_id),
            "left_out": queries.left_out_sums(self.run),
            **self.unreached(),
            "shown_reason": reason,
            "shown": [(row, item_url(row.item)) for row in shown],
        }


@needs(services.RIGHT)
@require_POST
def approve_run(request: Any, key: int) -> HttpResponse:
    """Let all reminders of a run go, or the chosen ones."""
    ids = [int(each) for each in request.POST.getlist("ids") if each.isdecimal() and len(each) < 16]
    if not DunningRun.objects.filter(pk=key, company=request.company).exists():
        raise Http404
    try:
        with translated():
            services.approve_run(run_id=key, only=ids or None, by=request.user, at=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, _("Approved. Each is looked at once more when it leaves; calls stand in the work list.")
        )
    return redirect("dunning:run", key=key)


class ReminderList(ListPage):
    """Every step made towards the clients the reader may see."""

    request: Any

    title, menu, permission = gettext_lazy("Reminders"), MENU, "invoicing.view"
    table_class, filterset_class, export_name = ReminderTable, ReminderFilter, "reminders"
    empty = Empty(
        "mail-forward",
        gettext_lazy("Reminders will stand here"),
        gettext_lazy("They come from the runs of every morning, once somebody has reviewed them."),
    )

    def get_queryset(self) -> QuerySet[Any]:
        """Return what the reader may see in the company at work."""
        return queries.reminder_list(self.request.user, self.request.company)

    def get_tabs(self) -> list[Tab]:
        """Return the states a reminder may be in."""
        return _tabs(self.request)


@needs("invoicing.view")
@require_GET
def reminder(request: Any, key: int) -> HttpResponse:
    """Draw one reminder: its documents, its text, what was dropped at sending."""
    found = _reminder(request, key)
    context = {
        "menu": MENU,
        "title": _("Reminder of %(client)s") % {"client": found.account.name},
        "reminder": found,
        "step": step_in_words(found.number, found.channel),
        "rows": [(line, item_url(line.item)) for line in found.lines.all()],
        "may_run": request.user.may(services.RIGHT, found.company_id),
        "may_hand_over": found.channel == StepChannel.FILE
        and request.user.may("dunning.hand_over", found.company_id),
        "finding": _finding(found),
        "may_mend": request.user.may("accounts.edit", found.company_id),
        "message": OutboxMessage.objects.filter(key=f"reminder:{found.pk}").first(),
        "wants_number": found.channel == StepChannel.REGISTERED
        and found.status == ReminderStatus.SENT
        and not found.registered_number,
    }
    return render(request, "dunning/reminder.html", context)


@needs(services.RIGHT)
@require_POST
def note_number(request: Any, key: int) -> HttpResponse:
    """Note the number the post gave a registered letter."""
    found = _reminder(request, key)
    try:
        with translated():
            registered.note_number(
                reminder_id=found.pk,
                number=request.POST.get("number", ""),
                by=request.user,
                at=timezone.now(),
            )
    except Refusal as refusal:
        messages.error(request, " ".join([*said(refusal)] or [str(refusal)]))
    else:
        messages.success(request, _("The number stands with the letter."))
    return redirect("dunning:reminder", key=key)


@needs(services.RIGHT)
@require_POST
def try_again(request: Any, key: int) -> HttpResponse:
    """Let a reminder leave that had nobody to go to."""
    found = _reminder(request, key)
    try:
        with translated():
            retrying.try_again(
                reminder_id=found.pk, trusts="trusts" in request.POST, by=request.user, at=timezone.now()
            )
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("It is looked at once more, then it leaves."))
    return redirect("dunning:reminder", key=key)


@needs("invoicing.view")
@require_GET
def reminder_pdf(request: Any, key: int) -> HttpResponse:
    """Hand out the letter that left on paper."""
    found = _reminder(request, key)
    if not found.file:
        raise Http404
    with found.file.open() as content:
        name = _("reminder-%(code)s") % {"code": found.account.code}
        return pdf_response(content.read(), f"{name}-{found.as_of}.pdf")


def panel(request: HttpRequest, account: CustomerAccount) -> Panel | None:
    """The last reminders of a client (``settings.CLIENT_PANELS``); of today alone."""
    user = signed_in(request)
    if look(request).is_past or not user.may("invoicing.view", account.company):
        return None
    rows = queries.reminder_list(user, account.company).filter(account=account)[:_SHOWN]
    found = [(row, step_in_words(row.number, row.channel)) for row in rows]
    passed = relays.history_of(account, 1)
    if not found and not passed:
        return None
    address = f"{reverse('dunning:reminders')}?account={account.code}"
    context = {
        "rows": found,
        "all": address,
        "account": account,
        "level": relays.level_of(account, has_credit=relays.has_credit_management(account.company_id)),
        "passed": passed[0] if passed else None,
        "may_pass_on": user.may(services.RIGHT, account.company_id),
    }
    return Panel("dunning/_client_reminders.html", context)


def _tabs(request: Any) -> list[Tab]:
    current = request.GET.get("status", "")
    kept = {k: v for k, v in request.GET.items() if k not in {"status", "page", "export"} and v}
    chosen = (
        ("", gettext_lazy("All")),
        (ReminderStatus.PROPOSED, pgettext_lazy("reminders", "Proposed")),
        (ReminderStatus.SENT, pgettext_lazy("reminders", "Sent")),
        (ReminderStatus.TO_CALL, pgettext_lazy("reminders", "To call")),
        (ReminderStatus.DROPPED, pgettext_lazy("reminders", "Dropped")),
        (ReminderStatus.NO_CONTACT, pgettext_lazy("reminders", "Nobody to send to")),
    )
    return [
        Tab(label, f"?{urlencode(kept | ({'status': value} if value else {}))}", current=value == current)
        for value, label in chosen
    ]


def _finding(reminder: Reminder) -> reach_words.Said | None:
    """Why a reminder reached nobody, as the client's contacts stand now; as it was then where they are mended."""
    if not reminder.problem:
        return None
    now = contacts.reach(reminder.account, reminder.step)
    found = now if isinstance(now, contacts.Finding) else contacts.Finding(Unreached(reminder.problem), "")
    return reach_words.finding(found, is_mended=not isinstance(now, contacts.Finding))


def _reminder(request: Any, key: int) -> Any:
    found = queries.reminder_with_lines(request.user, request.company, key)
    if found is None:
        raise Http404
    return found
