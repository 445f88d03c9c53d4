"""Hand-overs on screen: the list, one of them with its acts and its file, making one, what interrupts a limitation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.storage import default_storage
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from accounts.models import CustomerAccount
from accounts.queries import find_account
from dunning import handover_policy as policy
from dunning.enums import HandOverOutcome, Interruption, LegalRoute
from dunning.handover_file import file_of
from dunning.handover_forms import ClaimForm, CostForm, EndForm, HandOverForm, InterruptForm
from dunning.handover_tables import HandOverFilter, HandOverTable
from dunning.models import HandOver
from dunning.queries.handovers import costs_of, hand_over_list, limitation_dates, recovered
from dunning.services import handovers as services
from dunning.services import limitations
from invoicing.queries import items_on
from invoicing.scope import own_items
from invoicing.tables import item_url
from invoicing.views.base import needs, translated
from o2c.shared.money import ZERO
from o2c.shared.problems import NotFound
from o2c.shared.views import Empty, ListPage

from .base import ActPage

MENU = "hand_overs"
_MOST = 200


class HandOverList(ListPage):
    """Hand-overs of the clients the reader may see."""

    request: Any

    title, menu, permission = gettext_lazy("Hand-overs"), MENU, "invoicing.view"
    table_class, filterset_class, export_name = HandOverTable, HandOverFilter, "hand-overs"
    empty = Empty(
        "gavel",
        gettext_lazy("Nothing has been handed over yet"),
        gettext_lazy(
            "Hand late documents over to an agency, an officer or the court from the client's page."
        ),
    )

    def get_queryset(self) -> QuerySet[HandOver]:
        """Return what the reader may see in the company at work."""
        return hand_over_list(self.request.user, self.request.company)


@needs("invoicing.view")
@require_GET
def hand_over(request: Any, key: int) -> HttpResponse:
    """Draw one hand-over: documents with the last day to claim them, money that came, costs, file, acts."""
    with translated():
        found = _found(request, key)
    items = [row.item for row in found.seen_items]
    dates = limitation_dates(items)
    got, spent = recovered([found.pk]).get(found.pk, ZERO), costs_of([found.pk])[found.pk]
    may = request.user.may(services.RIGHT, found.company_id)
    context = {
        "menu": MENU,
        "title": _("Hand-over of %(client)s") % {"client": found.account.name},
        "found": found,
        "rows": [(row, item_url(row.item), dates[row.item_id]) for row in found.seen_items],
        "facts": policy.ROUTES[LegalRoute(found.route)],
        "recovered": got,
        "spent": spent,
        "net": got - spent,
        "may_act": may and not found.outcome,
        "may_spend": may,
    }
    return render(request, "dunning/hand_over.html", context)


@needs(services.RIGHT)
@require_GET
def bundle(request: Any, key: int) -> HttpResponseBase:
    """Hand the file out as a download."""
    with translated():
        found = _found(request, key)
    file = file_of(found)
    if file is None:
        raise Http404
    return FileResponse(
        default_storage.open(file.path),
        as_attachment=True,
        filename=file.name,
        content_type=file.content_type,
    )


class _OfClient(ActPage):
    """A page about some items of a client."""

    menu = MENU

    def account(self, request: Any, code: str) -> CustomerAccount:
        """The client.

        :raises NotFound: not the reader's to see
        """
        if not hasattr(self, "_account"):
            self._account = find_account(request.user, request.company, code)
        return self._account

    def rows(self, request: Any, code: str) -> Sequence[Any]:
        """What is owed, the oldest first."""
        if not hasattr(self, "_rows"):
            account, today = self.account(request, code), timezone.localdate()
            book = items_on(CustomerAccount.objects.filter(pk=account.pk), on=today, open_only=True)
            own = book.filter(own_items(request.user, account.company), amount__gt=0)
            self._rows = list(
                self.narrowed(own, today).select_related("account").order_by("due_date", "pk")[:_MOST]
            )
        return self._rows

    def narrowed(self, rows: QuerySet[Any], today: date) -> QuerySet[Any]:
        """Those the page is about."""
        return rows

    def context(self, request: Any, form: forms.Form, **which: Any) -> dict[str, Any]:
        """The rows with what is chosen of them, and until when each can be claimed."""
        account, rows = self.account(request, which["code"]), self.rows(request, which["code"])
        chosen, dates = set(form["items"].value() or ()), limitation_dates(rows)
        return {
            "account": account,
            "rows": [(row, str(row.pk) in chosen, dates[row.pk]) for row in rows],
            "back": reverse("accounts:detail", args=[account.code]),
        }


class MakeHandOver(_OfClient):
    """The late items of a client; what is chosen is handed over."""

    permission, template = services.RIGHT, "dunning/hand_over_form.html"

    def narrowed(self, rows: QuerySet[Any], today: date) -> QuerySet[Any]:
        """Those that are late and not out already."""
        return rows.filter(due_date__lt=today).exclude(hand_overs__is_open=True)

    def form(self, request: Any, data: Any, **which: Any) -> forms.Form:
        """All that is late is chosen."""
        rows = self.rows(request, which["code"])
        return HandOverForm(data, rows, initial={"items": [str(row.pk) for row in rows]})

    def act(self, request: Any, form: forms.Form, **which: Any) -> HttpResponse:
        """Hand it over."""
        given = dict(form.cleaned_data)
        made = services.hand_over(
            item_ids=[int(key) for key in given.pop("items")],
            route=LegalRoute(given.pop("route")),
            by=request.user,
            at=timezone.now(),
            **given,
        )
        messages.success(request, _("Handed over; the file is being made."))
        return redirect("dunning:hand_over", key=made.pk)

    def context(self, request: Any, form: forms.Form, **which: Any) -> dict[str, Any]:
        """The routes with what to know of each."""
        found = super().context(request, form, **which)
        routes = [(route.label, facts) for route, facts in policy.ROUTES.items()]
        return found | {
            "title": _("Hand over: %(client)s") % {"client": found["account"].name},
            "routes": routes,
        }


class Interrupt(_OfClient):
    """The open items of a client; the limitation of what is chosen starts anew."""

    permission, template = limitations.RIGHT, "dunning/interrupt_form.html"

    def form(self, request: Any, data: Any, **which: Any) -> forms.Form:
        """Nothing is chosen."""
        return InterruptForm(data, self.rows(request, which["code"]))

    def act(self, request: Any, form: forms.Form, **which: Any) -> HttpResponse:
        """Note it."""
        given = dict(form.cleaned_data)
        account = limitations.interrupt(
            item_ids=[int(key) for key in given.pop("items")],
            kind=Interruption(given.pop("kind")),
            by=request.user,
            at=timezone.now(),
            **given,
        )
        messages.success(request, _("Noted: the limitation of these documents starts anew."))
        return redirect("dunning:interrupt", account.code)

    def context(self, request: Any, form: forms.Form, **which: Any) -> dict[str, Any]:
        """Words of the page."""
        found = super().context(request, form, **which)
        return found | {"title": _("Limitation: %(client)s") % {"client": found["account"].name}}


class _Act(ActPage):
    """A form about one hand-over."""

    permission, menu, template = services.RIGHT, MENU, "dunning/reason.html"
    form_class: type[forms.Form]
    words: tuple[Any, Any, Any]

    def form(self, request: Any, data: Any, **which: Any) -> forms.Form:
        """The fields of the act."""
        found = _found(request, which["key"])
        made = self.form_class(data, initial={"reference": found.reference})
        if "amount" in made.fields:
            made.fields["amount"].unit = found.currency  # type: ignore[attr-defined]
        return made

    def act(self, request: Any, form: forms.Form, **which: Any) -> HttpResponse:
        """Do it."""
        self.do(hand_over_id=which["key"], by=request.user, at=timezone.now(), **form.cleaned_data)
        messages.success(request, _("Noted."))
        return redirect("dunning:hand_over", key=which["key"])

    def do(self, **given: Any) -> None:
        """The act itself."""
        raise NotImplementedError

    def context(self, request: Any, form: forms.Form, **which: Any) -> dict[str, Any]:
        """Words of the page."""
        title, verb, consequence = self.words
        return {
            "title": title,
            "up": _("Hand-overs"),
            "up_url": reverse("dunning:hand_overs"),
            "back": reverse("dunning:hand_over", args=[which["key"]]),
            "verb": verb,
            "consequence": consequence,
        }


class AddCost(_Act):
    """What it cost."""

    form_class = CostForm
    words = (
        gettext_lazy("A cost of the hand-over"),
        gettext_lazy("Note the cost"),
        gettext_lazy("Amicable costs stay with us (CPCE L111-8); the €40 are claimed apart."),
    )

    def do(self, **given: Any) -> None:
        """Note it."""
        services.add_cost(**given)


class NoteClaim(_Act):
    """The claim was lodged."""

    form_class = ClaimForm
    words = (
        gettext_lazy("Claim lodged or measure taken"),
        gettext_lazy("Note the claim"),
        gettext_lazy("The limitation of the documents starts anew on that day (C. civ. 2241, 2244)."),
    )

    def do(self, **given: Any) -> None:
        """Note it."""
        services.note_claim(**given)


class EndHandOver(_Act):
    """How it ended."""

    form_class = EndForm
    words = (
        gettext_lazy("End the hand-over"),
        gettext_lazy("End it"),
        gettext_lazy("What is open of it is reminded of again from the next run on."),
    )

    def do(self, **given: Any) -> None:
        """End it."""
        services.end(outcome=HandOverOutcome(given.pop("outcome")), **given)


def _found(request: Any, key: int) -> Any:
    found = hand_over_list(request.user, request.company).filter(pk=key).first()
    if found is None:
        raise NotFound
    return found
