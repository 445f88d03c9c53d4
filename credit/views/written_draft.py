"""Writing the next version of the policy: its articles, what they change, the publication."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views import View

from accounts.models import Company
from accounts.views.answers import explain, now, signed_in
from credit.models import CreditPolicyDraft, DraftArticle
from credit.written.forms import ArticleForm, NewArticleForm, PublishForm
from credit.written.policy import QUOTED, changed_numbers, differences, pieces
from credit.written.queries import articles_of, draft_of, newest, spoken
from credit.written.services import (
    PUBLISH,
    WRITE,
    ArticleChangedMeanwhile,
    DraftOpen,
    add_article,
    change_article,
    discard_draft,
    fingerprint,
    leave_out,
    publish,
    start_draft,
)
from credit.written.values import NAMES, SETTINGS, Live
from o2c.shared.calendar import paris_date
from o2c.shared.problems import NotAllowed, NotFound, Refusal
from o2c.shared.views import PermissionMixin

from .written import MENU, at_work, chaptered

_FIELDS = ("title_fr", "title_en", "text_fr", "text_en", "why_fr", "why_en")


class StartDraft(PermissionMixin, View):
    """Begin a new version."""

    permission = WRITE

    def post(self, request: HttpRequest) -> HttpResponse:
        """Copy the one published last; who begins second goes on with the one that is there."""
        try:
            start_draft(company_id=at_work(request).pk, by=signed_in(request), at=now())
        except DraftOpen as refusal:
            messages.error(request, str(refusal))
        return redirect("credit:policy_draft")


class Draft(PermissionMixin, View):
    """The version that is being written, what it changes, and its publication for who may."""

    permission = WRITE

    def get(self, request: HttpRequest) -> HttpResponse:
        """Draw it."""
        company = at_work(request)
        return _page(request, company, _draft(company))


class Publish(PermissionMixin, View):
    """Put the draft in force from a day on."""

    permission = PUBLISH

    def post(self, request: HttpRequest) -> HttpResponse:
        """Publish it, or say what keeps it."""
        company = at_work(request)
        draft, form = _draft(company), PublishForm(request.POST)
        if form.is_valid():
            try:
                version = publish(company_id=company.pk, by=signed_in(request), at=now(), **form.cleaned_data)
            except NotFound as refusal:
                raise Http404(str(refusal)) from refusal
            except Refusal as refusal:
                explain(form, refusal)
                if refusal.errors and str(refusal) != str(type(refusal).message):
                    form.add_error(None, str(refusal))
            else:
                messages.success(
                    request, _("Published: everybody concerned is asked to read and acknowledge it.")
                )
                return redirect("credit:policy_version", version.number)
        return _page(request, company, draft, form)


class Discard(PermissionMixin, View):
    """Give the draft up."""

    permission = WRITE

    def post(self, request: HttpRequest) -> HttpResponse:
        """Do it."""
        try:
            discard_draft(company_id=at_work(request).pk, by=signed_in(request), at=now())
        except NotFound as refusal:
            raise Http404(str(refusal)) from refusal
        messages.success(request, _("The draft is given up; the version in force stays as it is."))
        return redirect("credit:policy")


class EditArticle(PermissionMixin, View):
    """One article of the draft in both languages."""

    permission = WRITE

    def get(self, request: HttpRequest, article: str) -> HttpResponse:
        """Draw the form."""
        row = _article(request, article)
        initial = {name: getattr(row, name) for name in (*_FIELDS,)} | {"seen": row.edition}
        return _form(request, row, ArticleForm(initial=initial))

    def post(self, request: HttpRequest, article: str) -> HttpResponse:
        """Keep it; where somebody else was faster, show both texts and lose none."""
        company, row, form = at_work(request), _article(request, article), ArticleForm(request.POST)
        if not form.is_valid():
            return _form(request, row, form, status=422)
        try:
            change_article(
                company_id=company.pk,
                number=row.number,
                given=form.words(),
                seen=form.cleaned_data["seen"],
                by=signed_in(request),
                at=now(),
            )
        except NotAllowed as refusal:
            raise PermissionDenied(str(refusal)) from refusal
        except ArticleChangedMeanwhile as refusal:
            return self._both(request, _article(request, article), form, refusal)
        except Refusal as refusal:
            explain(form, refusal)
            return _form(request, row, form, status=refusal.status)
        messages.success(request, _("Article %(number)s is kept in the draft.") % {"number": row.number})
        return redirect("credit:policy_draft")

    def _both(
        self, request: HttpRequest, row: DraftArticle, form: ArticleForm, refusal: Refusal
    ) -> HttpResponse:
        """The person's own text in the form, the other one beside it; keeping it again replaces the other."""
        data = request.POST.copy()
        data["seen"] = str(row.edition)
        again = ArticleForm(data)
        again.full_clean()
        again.add_error(None, str(refusal))
        theirs = [
            (form.fields[name].label, pieces(getattr(row, name), form.cleaned_data[name]))
            for name in _FIELDS
            if getattr(row, name) != form.cleaned_data[name]
        ]
        return _form(request, row, again, status=refusal.status, theirs=theirs)


class AddArticle(PermissionMixin, View):
    """An article of the company's own."""

    permission = WRITE

    def get(self, request: HttpRequest) -> HttpResponse:
        """Draw the form."""
        _draft(at_work(request))
        return self._form(request, NewArticleForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Put it into the draft."""
        company, form = at_work(request), NewArticleForm(request.POST)
        _draft(company)
        if form.is_valid():
            asked = form.cleaned_data
            try:
                row = add_article(
                    company_id=company.pk,
                    number=asked["number"],
                    setting=asked["setting"],
                    given=form.words(),
                    by=signed_in(request),
                    at=now(),
                )
            except Refusal as refusal:
                explain(form, refusal)
            else:
                messages.success(
                    request, _("Article %(number)s is kept in the draft.") % {"number": row.number}
                )
                return redirect("credit:policy_draft")
        return self._form(request, form)

    def _form(self, request: HttpRequest, form: NewArticleForm) -> HttpResponse:
        live = Live(at_work(request))
        context = {
            "menu": MENU,
            "title": _("New article"),
            "form": form,
            "others": [_placeholder(name, live) for name in NAMES],
        }
        return render(request, "credit/policy_article.html", context, status=422 if form.errors else 200)


class LeaveOut(PermissionMixin, View):
    """Take an article out of the draft."""

    permission = WRITE

    def post(self, request: HttpRequest, article: str) -> HttpResponse:
        """Do it, or say why it stays."""
        row = _article(request, article)
        try:
            leave_out(company_id=at_work(request).pk, number=row.number, by=signed_in(request), at=now())
        except Refusal as refusal:
            messages.error(request, str(refusal))
            return redirect("credit:policy_article", article)
        messages.success(request, _("Article %(number)s is left out of the draft.") % {"number": article})
        return redirect("credit:policy_draft")


def _draft(company: Company) -> CreditPolicyDraft:
    found = draft_of(company)
    if found is None:
        raise Http404
    return found


def _article(request: HttpRequest, number: str) -> DraftArticle:
    rows = DraftArticle.objects.filter(draft__company=at_work(request), number=number)
    found = rows.select_related("draft", "edited_by").first()
    if found is None:
        raise Http404
    return found


def _page(
    request: HttpRequest, company: Company, draft: CreditPolicyDraft, form: PublishForm | None = None
) -> HttpResponse:
    user = signed_in(request)
    if form is not None:
        # What is shown now is what is published next.
        form.data = {**form.data.dict(), "seen": fingerprint(draft)}  # type: ignore[attr-defined]
    rows = list(draft.articles.select_related("edited_by"))
    articles = [row.words() for row in rows]
    former = articles_of(draft.follows)
    last = newest(company)
    earliest = paris_date(now()) + timedelta(days=1 if last else 0)
    if last and last.effective_on >= earliest:
        earliest = last.effective_on + timedelta(days=1)
    context: dict[str, Any] = {
        "menu": MENU,
        "title": _("New version of the credit policy"),
        "draft": draft,
        "chapters": chaptered(rows),
        "language": spoken(),
        "changed": changed_numbers(former, articles),
        "differences": differences(former, articles, spoken()),
        "form": (form or PublishForm(initial={"effective_on": earliest, "seen": fingerprint(draft)}))
        if user.may(PUBLISH, company)
        else None,
    }
    return render(request, "credit/policy_draft.html", context, status=422 if form and form.errors else 200)


def _form(
    request: HttpRequest, row: DraftArticle, form: ArticleForm, *, status: int = 200, theirs: Any = ()
) -> HttpResponse:
    live = Live(at_work(request))
    named = SETTINGS[row.setting].names if row.setting in SETTINGS else ()
    context = {
        "menu": MENU,
        "title": _("Article %(number)s") % {"number": row.number},
        "row": row,
        "may_go": row.number not in QUOTED,
        "form": form,
        "theirs": theirs,
        "named": [_placeholder(name, live) for name in named],
        "others": [_placeholder(name, live) for name in NAMES if name not in named],
    }
    return render(request, "credit/policy_article.html", context, status=status)


def _placeholder(name: str, live: Live) -> tuple[str, Any, str | None]:
    return f"{{{name}}}", NAMES[name], live.words(name)
