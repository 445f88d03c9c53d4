"""Notes on clients on screen: the list, one of them, the form, the client's part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from accounts.models import CustomerAccount
from accounts.views.answers import client_or_404, company_of, explain, now, signed_in
from accounts.views.parts import Panel
from credit.models import ClientNote
from credit.notes.enums import NoteKind
from credit.notes.forms import NoteForm, WithdrawForm
from credit.notes.lists import STATES, NoteFilter, NoteTable
from credit.notes.policy import may_take_back
from credit.notes.queries import READ, RESTRICTED, REVIEW, STANDING, WRITE, notes_of, notes_visible
from credit.notes.services import RiskyWords, withdraw_note, write_note
from o2c.shared.past import look
from o2c.shared.problems import NotAllowed, Refusal
from o2c.shared.views import Empty, ListPage, PermissionMixin, Tab

MENU: Final = "notes"
_SHOWN: Final = 5
# Tabs that only those who look through the words of notes have a use for.
_OF_REVIEW: Final = frozenset({"risky", "all"})


class Notes(ListPage):
    """Notes about the reader's clients, the newest first."""

    title, menu, permission = gettext_lazy("Notes on clients"), MENU, READ
    table_class, filterset_class, export_name = NoteTable, NoteFilter, "client-notes"
    empty = Empty(
        "notes",
        gettext_lazy("What is noted about your clients will stand here"),
        gettext_lazy("Note market information, press and news from the page of the client."),
    )

    def get_queryset(self) -> QuerySet[ClientNote]:
        """What the reader may see: notes that stand, unless a tab asks for others."""
        rows = notes_visible(signed_in(self.request), company_of(self.request)).order_by("-seen_on", "-pk")
        return rows if self.request.GET.get("state") in dict(STATES) else rows.filter(STANDING)

    def get_tabs(self) -> Sequence[Tab]:
        """Those that stand, that worry, with risky words, that do not stand any more."""
        chosen = self.request.GET.get("state", "")
        kept = {k: v for k, v in self.request.GET.items() if k not in {"state", "page", "export"} and v}
        reviews = signed_in(self.request).may(REVIEW, company_of(self.request))
        return [
            Tab(label, f"?{urlencode(kept | ({'state': key} if key else {}))}", current=key == chosen)
            for key, label in (("", _("All")), *STATES)
            if reviews or key not in _OF_REVIEW
        ]


class NotePage(PermissionMixin, View):
    """One note: what it says, where it comes from, what became of it."""

    permission = READ

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Draw it."""
        return _page(request, _note(request, pk), WithdrawForm())


class WithdrawNote(PermissionMixin, View):
    """Take a note back."""

    permission = WRITE

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Do it, or say why not."""
        note, form = _note(request, pk), WithdrawForm(request.POST)
        if form.is_valid():
            try:
                withdraw_note(note_id=note.pk, by=signed_in(request), at=now(), **form.cleaned_data)
            except NotAllowed as refusal:
                raise PermissionDenied(str(refusal)) from refusal
            except Refusal as refusal:
                explain(form, refusal)
            else:
                messages.success(request, _("The note is withdrawn."))
                return redirect(f"{reverse('accounts:detail', args=[note.account.code])}#notes")
        return _page(request, note, form)


class NewNote(PermissionMixin, View):
    """Note something about a client."""

    permission = WRITE

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        """Draw the form."""
        account = client_or_404(request, code)
        initial: dict[str, Any] = {"seen_on": timezone.localdate()}
        if request.GET.get("kind") in NoteKind.values:
            initial["kind"] = request.GET["kind"]
        return _form_page(request, account, _form(request, account, initial=initial))

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        """Write it; what was typed survives every refusal."""
        account = client_or_404(request, code)
        return _written(request, account)


class CorrectNote(PermissionMixin, View):
    """Correct a note by another one that takes its place."""

    permission = WRITE

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Draw the form with what the note says."""
        note = _own(request, pk)
        said = {
            name: getattr(note, name)
            for name in ("kind", "topic", "text", "weight", "seen_on", "source", "url")
        }
        return _form_page(request, note.account, _form(request, note.account, initial=said), corrects=note)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Write the correction."""
        note = _own(request, pk)
        return _written(request, note.account, corrects=note)


def panel(request: HttpRequest, account: CustomerAccount) -> Panel | None:
    """The latest notes on a client, by kind with ``?notes=``; those of the day looked at and before."""
    user, looked = signed_in(request), look(request)
    rows = notes_of(user, account)
    if looked.is_past:
        rows = rows.filter(written_at__lt=looked.end)
    counts = dict(rows.order_by().values_list("kind").annotate(n=Count("pk")))
    chosen = request.GET.get("notes", "")
    if chosen in counts:
        rows = rows.filter(kind=chosen)
    else:
        chosen = ""
    context = {
        "rows": rows[:_SHOWN],
        "more": sum(counts.values()) > _SHOWN,
        "kinds": [(kind.value, kind.label) for kind in NoteKind if kind in counts],
        "chosen": chosen,
        "look": looked,
        "may_write": not looked.is_past and user.may(WRITE, account.company_id),
        "may_review": user.may(REVIEW, account.company_id),
    }
    return Panel("credit/_notes.html", context)


def _form(request: HttpRequest, account: CustomerAccount, **given: Any) -> NoteForm:
    may = signed_in(request).may(RESTRICTED, account.company_id)
    return NoteForm(request.POST or None, restricted=may, **given)


def _written(
    request: HttpRequest, account: CustomerAccount, *, corrects: ClientNote | None = None
) -> HttpResponse:
    form, risky = _form(request, account), False
    if form.is_valid():
        try:
            write_note(
                account_id=account.pk,
                content=form.content(),
                key=form.cleaned_data["key"],
                confirmed=form.cleaned_data["confirmed"],
                supersedes_id=corrects.pk if corrects else None,
                by=signed_in(request),
                at=now(),
            )
        except NotAllowed as refusal:
            raise PermissionDenied(str(refusal)) from refusal
        except Refusal as refusal:
            explain(form, refusal)
            risky = isinstance(refusal, RiskyWords)
        else:
            messages.success(request, _("The note is kept with the client."))
            return redirect(f"{reverse('accounts:detail', args=[account.code])}#notes")
    return _form_page(request, account, form, corrects=corrects, risky=risky)


def _form_page(
    request: HttpRequest,
    account: CustomerAccount,
    form: NoteForm,
    *,
    corrects: ClientNote | None = None,
    risky: bool = False,
) -> HttpResponse:
    context = {
        "menu": MENU,
        "title": _("Correct a note") if corrects else _("Note something"),
        "account": account,
        "corrects": corrects,
        "form": form,
        # Also once it was ticked, so that a further mistake elsewhere does not ask for it again.
        "ask_to_confirm": risky or bool(form.is_bound and form["confirmed"].value()),
        "back": reverse("credit:note", args=[corrects.pk])
        if corrects
        else reverse("accounts:detail", args=[account.code]),
    }
    return render(request, "credit/note_form.html", context, status=422 if form.errors else 200)


def _page(request: HttpRequest, note: ClientNote, form: WithdrawForm) -> HttpResponse:
    stands = note.withdrawn_at is None and not hasattr(note, "superseded_by")
    may = stands and _may_take_back(request, note)
    context = {
        "menu": MENU,
        "title": note.headline,
        "note": note,
        "account": note.account,
        "corrected_by": getattr(note, "superseded_by", None),
        "corrects": notes_visible(signed_in(request)).filter(superseded_by=note).first(),
        "form": form if may else None,
    }
    return render(request, "credit/note.html", context, status=422 if form.errors else 200)


def _may_take_back(request: HttpRequest, note: ClientNote) -> bool:
    user, company = signed_in(request), note.account.company_id
    manages = user.may(RESTRICTED, company)
    return user.may(WRITE, company) and may_take_back(
        is_author=note.written_by_id == user.pk, manages_credit=manages
    )


def _note(request: HttpRequest, pk: int) -> ClientNote:
    found = notes_visible(signed_in(request), company_of(request)).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _own(request: HttpRequest, pk: int) -> ClientNote:
    """A note that stands and that the reader may correct.

    :raises Http404: there is none that stands
    :raises PermissionDenied: somebody else's
    """
    found = notes_visible(signed_in(request), company_of(request)).filter(STANDING, pk=pk).first()
    if found is None:
        raise Http404
    if not _may_take_back(request, found):
        raise PermissionDenied
    return found
