"""Links of a client for its collectors: made, copied or sent, revoked, and what was done with each."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Contact, CustomerAccount
from accounts.queries import find_account
from accounts.views.answers import signed_in
from accounts.views.parts import Panel
from disputes.models import Dispute
from dunning.link_forms import NewLinkForm
from dunning.models import ClientLink
from dunning.services import links as services
from invoicing.views.base import ActPage, needs, translated
from o2c.shared.calendar import paris_date
from o2c.shared.links import Why
from o2c.shared.models import AuditEvent
from o2c.shared.past import look
from o2c.shared.problems import NotFound, Refusal

from .promises import MENU

_SHOWN = 5
_USES = 200
# How the journal's events of a link read on its page: icon, tone, words.
_WORDS: Final = {
    "link.made": ("link", "", gettext_lazy("Made")),
    "link.opened": ("eye", "", gettext_lazy("Page opened")),
    "link.statement_taken": ("file-text", "", gettext_lazy("Statement taken")),
    "link.document_taken": ("file-invoice", "", gettext_lazy("Document taken")),
    "link.refused": ("lock", "bad", gettext_lazy("Refused")),
    "link.revoked": ("ban", "warn", gettext_lazy("Revoked")),
    "promise.made": ("calendar-check", "ok", gettext_lazy("Payment announced")),
    "dispute.opened": ("message-exclamation", "disp", gettext_lazy("Dispute declared")),
    "dispute.commented": ("paperclip", "", gettext_lazy("Evidence joined")),
}


class MakeLink(ActPage):
    """How long it opens and to whom it goes; then its address, told once."""

    permission = services.RIGHT
    menu, template = MENU, "dunning/link_form.html"

    def form(self, request: Any, data: Any, **which: Any) -> forms.Form:
        """Days and person."""
        return NewLinkForm(data, self.contacts(request, which["code"]))

    def act(self, request: Any, form: forms.Form, **which: Any) -> HttpResponse:
        """Make it; the answer itself shows the address, which nobody can ask for again."""
        account = self.account(request, which["code"])
        contact = form.cleaned_data["contact"]
        made = services.make_link(
            account_id=account.pk,
            days=form.cleaned_data["days"],
            contact_id=int(contact) if contact else None,
            by=request.user,
            at=timezone.now(),
        )
        context = {
            "menu": MENU,
            "title": _("Link of %(client)s") % {"client": account.name},
            "account": account,
            "made": made,
            "until": paris_date(made.link.expires_at),
        }
        answer = render(request, "dunning/link_made.html", context)
        answer.headers["Cache-Control"] = "no-store, private"
        return answer

    def context(self, request: Any, form: forms.Form, **which: Any) -> dict[str, Any]:
        """Whose it is."""
        account = self.account(request, which["code"])
        return {
            "title": _("Link of %(client)s") % {"client": account.name},
            "account": account,
            "back": reverse("accounts:detail", args=[account.code]),
        }

    def account(self, request: Any, code: str) -> CustomerAccount:
        """The client.

        :raises NotFound: not the reader's to see
        """
        if not hasattr(self, "_account"):
            self._account = find_account(request.user, request.company, code)
        return self._account

    def contacts(self, request: Any, code: str) -> list[Contact]:
        """The client's people with an address."""
        rows = Contact.objects.filter(account=self.account(request, code)).exclude(email="")
        return list(rows.order_by("name", "pk"))


@needs("invoicing.view")
@require_GET
def link(request: Any, key: int) -> HttpResponse:
    """Draw what was done with one link, the latest first."""
    with translated():
        found = _link(request, key)
    uses = AuditEvent.objects.filter(account_id=found.account_id).filter(
        Q(object_type=ClientLink._meta.label_lower, object_id=found.pk) | Q(actor=str(found)),
        action__in=_WORDS,
    )
    may = request.user.may(services.RIGHT, found.company_id)
    context = {
        "menu": MENU,
        "title": _("Link of %(client)s") % {"client": found.account.name},
        "link": found,
        "state": _state(found, timezone.now()),
        "uses": [_use(event) for event in uses.order_by("-at", "-pk")[:_USES]],
        "may_revoke": may and found.is_alive(timezone.now()),
    }
    return render(request, "dunning/link.html", context)


@needs(services.RIGHT)
@require_POST
def revoke(request: Any, key: int) -> HttpResponse:
    """End a link."""
    with translated():
        found = _link(request, key)
        try:
            services.revoke_link(link_id=found.pk, by=request.user, at=timezone.now())
        except Refusal as refusal:
            if refusal.status in {403, 404}:
                raise
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("The link opens nothing any more."))
    return redirect("dunning:link", key=key)


def panel(request: HttpRequest, account: CustomerAccount) -> Panel | None:
    """The last links of a client (``settings.CLIENT_PANELS``); of today alone."""
    user = signed_in(request)
    if look(request).is_past or not user.may(services.RIGHT, account.company):
        return None
    at = timezone.now()
    rows = ClientLink.objects.visible_to(user).filter(account=account).select_related("created_by")
    shown = [(row, _state(row, at)) for row in rows[:_SHOWN]]
    return Panel("dunning/_client_links.html", {"rows": shown})


def _state(row: ClientLink, at: Any) -> str:
    if row.revoked_at is not None:
        return "link_revoked"
    return "link_alive" if row.expires_at > at else "link_expired"


def _use(event: AuditEvent) -> dict[str, Any]:
    """An event as the timeline shows it, with where it came from."""
    icon, tone, title = _WORDS[event.action]
    facts = event.after or {}
    why = str(Why(facts["why"]).label) if facts.get("why") in Why.values else ""
    about = event.object_label if event.object_type == Dispute._meta.label_lower else ""
    is_act = event.action in {"promise.made", "dispute.opened"}
    amount = Decimal(str(facts["amount"])) if is_act else None
    return {
        "at": event.at,
        "icon": icon,
        "tone": tone,
        "title": title,
        "sub": " · ".join(filter(None, (about, str(facts.get("document", "")), why, event.ip or ""))),
        "amount": amount,
        "currency": facts.get("currency", ""),
    }


def _link(request: Any, key: int) -> ClientLink:
    rows = ClientLink.objects.visible_to(request.user, request.company)
    found: ClientLink | None = rows.select_related("created_by", "revoked_by").filter(pk=key).first()
    if found is None:
        raise NotFound
    return found
