"""The written policy on screen: the text beside its settings, its versions, who has read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from accounts.models import Company
from accounts.views.answers import company_of, now, signed_in
from credit.models import CreditPolicyVersion
from credit.written.paper import policy_pdf
from credit.written.policy import LANGUAGES, VersionState, differences
from credit.written.queries import (
    acknowledged_by,
    articles_of,
    draft_of,
    in_force,
    newest,
    readers_of,
    shown_articles,
    spoken,
    to_acknowledge,
    versions_of,
    with_states,
)
from credit.written.services import PUBLISH, WRITE, acknowledge
from credit.written.tables import READER_TABS, ReaderFilter, ReaderTable
from o2c.shared.calendar import paris_date
from o2c.shared.pdf import pdf_response
from o2c.shared.problems import Conflict, NotAllowed, NotFound
from o2c.shared.views import Action, ListPage, PermissionMixin, Tab

MENU: Final = "credit_policy"
READ: Final = "accounts.view"
WATCH: Final = "audit.view"


class Policy(PermissionMixin, View):
    """The version in force; the text offered while there is none."""

    permission = READ

    def get(self, request: HttpRequest) -> HttpResponse:
        """Draw it."""
        company = at_work(request)
        return _page(request, company, in_force(company, paris_date(now())) or newest(company))


class PolicyVersion(PermissionMixin, View):
    """One version, in force or not."""

    permission = READ

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        """Draw it."""
        company = at_work(request)
        return _page(request, company, version_or_404(company, number))


class Acknowledge(PermissionMixin, View):
    """Say that one has read a version."""

    permission = READ

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        """Keep it, once."""
        version = version_or_404(at_work(request), number)
        try:
            acknowledge(version_id=version.pk, by=signed_in(request), at=now())
        except NotAllowed as refusal:
            raise PermissionDenied(str(refusal)) from refusal
        except NotFound as refusal:
            raise Http404(str(refusal)) from refusal
        except Conflict as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(
                request,
                _("Thank you: it is kept that you have read version %(number)s.") % {"number": number},
            )
        return redirect("credit:policy_version", number)


class PolicyPdf(PermissionMixin, View):
    """A version on paper; ``?language=`` asks for the other one."""

    permission = READ

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        """Hand it out."""
        company = at_work(request)
        version = version_or_404(company, number)
        asked = request.GET.get("language", "")
        language = asked if asked in LANGUAGES else spoken()
        content = policy_pdf(company, version, language=language, today=paris_date(now()))
        stem = "credit-policy" if language == "en" else "politique-de-credit"
        return pdf_response(content, f"{stem}_{company.code}_{number}_{language}.pdf")


class PolicyDifferences(PermissionMixin, View):
    """What a version says differently from another, word by word; ``?with=`` names the other one."""

    permission = READ

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        """Draw both versions against each other; the one before where none is named."""
        company = at_work(request)
        version = version_or_404(company, number)
        asked = request.GET.get("with", "")
        others = [row for row in versions_of(company) if row.pk != version.pk]
        if asked:
            other = next((row for row in others if str(row.number) == asked), None)
            if other is None:
                raise Http404
        else:
            other = next((row for row in others if row.number < number), None)
        old, new = (version, other) if other and other.number > number else (other, version)
        found = differences(articles_of(old), articles_of(new), spoken()) if old else ()
        context = {
            "menu": MENU,
            "title": _("What changed"),
            "version": new,
            "former": old,
            "others": others,
            "asked": other,
            "shown": version,
            "differences": found,
        }
        return render(request, "credit/policy_differences.html", context)


class Readers(ListPage):
    """Who has acknowledged a version and who has not, by role."""

    title, menu = gettext_lazy("Who has read the credit policy"), MENU
    permission = WATCH
    table_class, filterset_class, export_name = ReaderTable, ReaderFilter, "credit-policy-readers"

    def get_queryset(self) -> QuerySet[Any]:
        """Everybody who keeps to the policy, once per role."""
        company = at_work(self.request)
        return readers_of(version_or_404(company, self.kwargs["number"]), company)

    def get_subtitle(self, rows: QuerySet[Any]) -> str:
        """How many have, of how many."""
        have = len({row.user_id for row in rows if row.acknowledged_at})
        return _("Version %(number)s: %(have)s of %(all)s people have acknowledged it") % {
            "number": self.kwargs["number"],
            "have": have,
            "all": len({row.user_id for row in rows}),
        }

    def get_actions(self) -> Sequence[Action]:
        """The way back to the text."""
        return [Action(_("Open the policy"), reverse("credit:policy_version", args=[self.kwargs["number"]]))]

    def get_tabs(self) -> Sequence[Tab]:
        """All, not yet, acknowledged."""
        chosen = self.request.GET.get("state", "")
        kept = {k: v for k, v in self.request.GET.items() if k not in {"state", "page", "export"} and v}
        return [
            Tab(label, f"?{urlencode(kept | ({'state': key} if key else {}))}", current=key == chosen)
            for key, label in (("", _("All")), *READER_TABS)
        ]


def at_work(request: HttpRequest) -> Company:
    """The company at work.

    :raises Http404: there is none
    """
    company = company_of(request)
    if company is None:
        raise Http404
    return company


def version_or_404(company: Company, number: int) -> CreditPolicyVersion:
    """A published version of the company.

    :raises Http404: no such number there
    """
    found = versions_of(company).select_related("published_by").filter(number=number).first()
    if found is None:
        raise Http404
    return found


def chaptered(articles: Sequence[Any]) -> list[tuple[Any, list[Any]]]:
    """Chapters, each with its articles."""
    found: list[tuple[Any, list[Any]]] = []
    for article in articles:
        if article.is_chapter:
            found.append((article, []))
        elif found:
            found[-1][1].append(article)
    return found


def _page(request: HttpRequest, company: Company, version: CreditPolicyVersion | None) -> HttpResponse:
    user, today = signed_in(request), paris_date(now())
    versions = with_states(versions_of(company).select_related("published_by"), today)
    waiting = to_acknowledge(user, company)
    watches = user.may(WATCH, company)
    latest = versions[0][0] if versions else None
    readers = list(readers_of(latest, company)) if watches and latest else []
    kept = version.values if version else {}
    context: dict[str, Any] = {
        "menu": MENU,
        "title": _("Credit policy"),
        "company": company,
        "version": version,
        "state": next((state for row, state in versions if row == version), VersionState.COMING),
        "chapters": chaptered(shown_articles(articles_of(version), company, kept=kept)),
        "versions": versions,
        "latest": latest,
        "waiting": waiting,
        "read": acknowledged_by(version, user) if version and waiting != version else None,
        "may_write": user.may(WRITE, company),
        "may_set": user.may(PUBLISH, company),
        "draft": draft_of(company) if user.may(WRITE, company) else None,
        "watches": watches,
        "readers_all": len({row.user_id for row in readers}),
        "readers_have": len({row.user_id for row in readers if row.acknowledged_at}),
        "is_default": version is None,
    }
    return render(request, "credit/policy.html", context)
