"""The work list: whom to call, why, what to say, and what came of it; made for the keyboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Contact, CustomerAccount
from accounts.queries import find_account
from credit.notes.queries import WRITE as WRITE_NOTES
from credit.notes.queries import notes_of
from dunning.enums import CallOutcome, RelayLevel
from dunning.forms import CallForm
from dunning.models import Call, PromiseToPay, Reminder
from dunning.policy import Rank
from dunning.queries import relays, worklist
from dunning.run_tables import step_in_words
from dunning.services import calls as services
from invoicing.tables import item_url
from invoicing.views.base import needs, said, translated
from o2c.shared import formats
from o2c.shared.calendar import add_business_days
from o2c.shared.money import ZERO
from o2c.shared.problems import Refusal

MENU: Final = "work_list"
# Who sees what lies with whom.
WORKLOAD: Final = "dunning.run"
MINE: Final = "mine"
_NOTES: Final = 3
# The outcomes as buttons: icon and letter of the keyboard.
_OUTCOMES: Final = (
    (CallOutcome.PROMISE, "calendar-check", "1"),
    (CallOutcome.DISPUTE, "message-exclamation", "2"),
    (CallOutcome.NOT_RECEIVED, "file-search", "3"),
    (CallOutcome.NOT_REACHED, "phone-off", "4"),
    (CallOutcome.WRONG_CONTACT, "user-question", "5"),
    (CallOutcome.OTHER, "notes", "6"),
)
_TONES: Final = {
    Rank.BROKEN: "bad",
    Rank.CALL: "warn",
    Rank.AGAIN: "info",
    Rank.LARGE: "warn",
    Rank.OLD: "bad",
}


@needs(services.RIGHT)
@require_GET
def work_list(request: Any) -> HttpResponse:
    """Draw the list with the sheet of the client the address names, else of the first."""
    return _drawn(request, request.GET.get("client", ""), None)


@needs(services.RIGHT)
@require_POST
def record_call(request: Any, code: str) -> HttpResponse:
    """Note a call, then go on with the next client."""
    with translated():
        account = find_account(request.user, request.company, code)
        sites = worklist.sites_of(request.user, account)
        rows = worklist.items_to_talk_about(request.user, account, on=timezone.localdate(), sites=sites)
        form = CallForm(request.POST, rows)
        if form.is_valid():
            given = dict(form.cleaned_data)
            try:
                services.record_call_about_sites(
                    account_ids=[account.pk, *_others(rows, account)],
                    item_ids=[int(key) for key in given.pop("items")],
                    by=request.user,
                    at=timezone.now(),
                    **given,
                )
            except Refusal as refusal:
                if refusal.status in {403, 404} and not refusal.required_role:
                    raise
                form.add_error(None, " ".join([str(refusal), *said(refusal)]))
            else:
                messages.success(request, _("Call with %(client)s noted.") % {"client": account.name})
                return redirect(
                    _url(request.POST.get("next_client", ""), mine=request.POST.get("whose") == MINE)
                )
        return _drawn(request, account.code, form)


def _drawn(request: Any, code: str, form: CallForm | None) -> HttpResponse:
    user, company, today = request.user, request.company, timezone.localdate()
    mine = (request.POST or request.GET).get("whose", "") == MINE
    listed, count = worklist.work_list(user, company, on=today, mine=mine)
    chosen: CustomerAccount | None = None
    if code:
        with translated():
            chosen = find_account(user, company, code)
    elif listed:
        chosen = listed[0].account
    place = next(
        (
            n
            for n, row in enumerate(listed)
            if chosen and chosen.pk in {site.account.pk for site in row.sites}
        ),
        -1,
    )
    following = listed[place + 1].account.code if place + 1 < len(listed) else ""
    levels = relays.levels_of([site.account.pk for row in listed for site in row.sites])
    context = {
        "menu": MENU,
        "title": _("Work list"),
        "count": count,
        "mine": mine,
        "may_see_workload": user.may(WORKLOAD, company),
        "listed": [
            (
                row,
                _why(row) + _with_whom(row, levels),
                f"{_url(row.account.code, mine=mine)}#sheet-card",
                n == place,
                formats.percent(row.chance, _lang(), decimals=0),
            )
            for n, row in enumerate(listed)
        ],
        "stake": sum((row.owed for row in listed), ZERO),
        "done": worklist.called_today(user, company, on=today),
        "client": chosen,
        "may_see_client": user.may("accounts.view", company),
        "following": following,
        "following_url": _url(following, mine=mine) if following else "",
    }
    if chosen is not None:
        context |= _sheet(request, chosen, listed[place] if place >= 0 else None, form)
    return render(request, "dunning/work_list.html", context, status=422 if form is not None else 200)


def _sheet(
    request: Any, account: CustomerAccount, row: worklist.ToCall | None, form: CallForm | None
) -> dict[str, Any]:
    today = timezone.localdate()
    sites = worklist.sites_of(request.user, account)
    rows = worklist.items_to_talk_about(request.user, account, on=today, sites=sites)
    late = [each for each in rows if each.days_late and not each.is_promised and not each.is_planned]
    contacts = sorted(
        Contact.objects.filter(account__in=sites).order_by("pk"),
        key=lambda each: each.account_id != account.pk,
    )
    if form is None:
        start = {
            "outcome": CallOutcome.PROMISE,
            "items": [str(each.pk) for each in late],
            "promised_date": formats.date_short(add_business_days(today, 3)),
            "spoke_to": contacts[0].name if contacts else "",
        }
        form = CallForm(None, rows, initial=start)
    chosen = set(form["items"].value() or ())
    kept, judged = worklist.promises_kept(account)
    return {
        "form": form,
        "rows": [(each, str(each.pk) in chosen, item_url(each)) for each in rows],
        "sites": [*row.sites] if row is not None and len(row.sites) > 1 else [],
        "several": len({each.account_id for each in rows}) > 1,
        "collector": row.collector if row is not None else None,
        "talk": _talk(row, account),
        "badge": (_TONES.get(row.reason, "mute"), str(row.reason.label)) if row else None,
        "contacts": contacts,
        "phone": next((each for each in contacts if each.phone), None),
        "outcomes": [(code, code.label, icon, key) for code, icon, key in _OUTCOMES],
        "outcome": form["outcome"].value(),
        "scores": [str(n) for n in range(1, 6)],
        "score": str(form["satisfaction"].value() or ""),
        "past": [_contact_in_words(day, each) for day, each in worklist.last_contacts(account)],
        "kept": kept,
        "judged": judged,
        "notes": notes_of(request.user, account)[:_NOTES],
        "may_note": request.user.may(WRITE_NOTES, account.company_id),
    }


def _others(rows: Sequence[Any], account: CustomerAccount) -> list[int]:
    """The further sites on a sheet: those of which something is late."""
    late = {each.account_id for each in rows if each.days_late and each.amount > 0}
    return sorted(late - {account.pk})


@needs(WORKLOAD)
@require_GET
def workload(request: Any) -> HttpResponse:
    """Draw what lies with each collector."""
    rows = worklist.workloads(request.user, request.company, on=timezone.localdate())
    context = {"menu": MENU, "title": _("Workload"), "rows": rows}
    return render(request, "dunning/workload.html", context)


def _why(row: worklist.ToCall) -> str:
    if row.reason == Rank.BROKEN and row.broken_on:
        return _("Promise of %(day)s not kept") % {"day": formats.date_short(row.broken_on)} + _sites(row)
    return f"{row.reason.label} · {formats.days(row.oldest_days, _lang())}{_sites(row)}"


def _with_whom(row: worklist.ToCall, levels: Mapping[int, RelayLevel]) -> str:
    """With whom a client is that was passed on; nothing of one that was not."""
    level = levels.get(row.account.pk)
    return f" · {level.label}" if level is not None else ""


def _sites(row: worklist.ToCall) -> str:
    """How many sites a line stands for; nothing for one."""
    count = len(row.sites)
    return f" · {ngettext('%(n)s site', '%(n)s sites', count) % {'n': count}}" if count > 1 else ""


def _talk(row: worklist.ToCall | None, account: CustomerAccount) -> str:
    """What to begin with, from what is known."""
    if row is None:
        return ""
    amount = formats.money(row.owed, _lang(), row.currency)
    if row.reason == Rank.BROKEN and row.broken_on:
        facts = {"amount": amount, "day": formats.date_short(row.broken_on)}
        return _("You had announced a payment for %(day)s. Has it left? %(amount)s are open.") % facts
    facts = {"amount": amount, "days": formats.days(row.oldest_days, _lang())}
    return _("%(amount)s are late, the oldest document by %(days)s. When does the payment leave?") % facts


def _contact_in_words(day: Any, each: Any) -> tuple[str, str, str, Any]:
    """Icon, title, who or how, day."""
    if isinstance(each, Call):
        return "phone", str(each.get_outcome_display()), each.made_by.label(), day
    if isinstance(each, Reminder):
        return "mail", step_in_words(each.number, each.channel), "", day
    assert isinstance(each, PromiseToPay)
    amount = formats.money(each.amount, _lang(), each.currency)
    return "calendar-check", f"{_('Promise')} · {each.get_status_display()}", amount, day


def _url(code: str, *, mine: bool = False) -> str:
    asked = ({"client": code} if code else {}) | ({"whose": MINE} if mine else {})
    address = reverse("dunning:work_list")
    return f"{address}?{urlencode(asked)}" if asked else address


def _lang() -> str:
    return get_language() or "fr"
