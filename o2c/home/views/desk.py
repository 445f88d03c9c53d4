"""Notices, background work, the company at work and the language: what the top bar opens."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language, get_language
from django.utils.translation import gettext as _
from django.views import View
from django.views.i18n import set_language

from accounts.middleware import SESSION_COMPANY
from accounts.models import Company, User
from accounts.views.answers import company_of, now, signed_in
from o2c.home import list_files, queries, services, words
from o2c.shared import work
from o2c.shared.models import Notice, Work
from o2c.shared.problems import NotFound
from o2c.shared.results import sent
from o2c.shared.views import PermissionMixin

_SHOWN = 50
_STOP_POLLING = 286


class Notices(PermissionMixin, View):
    """What changed for the reader, newest first; posting marks all as read."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Draw the list."""
        user = signed_in(request)
        notices = list(Notice.objects.filter(user=user).order_by("-created_at", "-pk")[:_SHOWN])
        context = {
            "menu": "",
            "title": _("Notifications"),
            "lines": [(notice, words.notice_of(notice)) for notice in notices],
            "unread": sum(notice.read_at is None for notice in notices),
        }
        return render(request, "home/notices.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Mark all as read."""
        services.read_all_notices(by=signed_in(request), at=now())
        return redirect("notifications")


class OpenNotice(PermissionMixin, View):
    """Open what a notice is about; it is read from then on."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Go there."""
        notice = get_object_or_404(Notice, pk=pk, user=signed_in(request))
        services.read_notice(notice=notice, at=now())
        return redirect(notice.url or "notifications")


class Jobs(PermissionMixin, View):
    """Background work the reader asked for, the newest first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Draw the list."""
        rows = [_job(row) for row in queries.jobs_of(signed_in(request))[:_SHOWN]]
        context = {"menu": "jobs", "title": _("Background work"), "jobs": rows}
        return render(request, "home/jobs.html", context)


class Job(PermissionMixin, View):
    """The progress of one piece of work; 286 tells htmx to stop asking."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Draw its line."""
        row = _job(get_object_or_404(queries.jobs_of(signed_in(request)), pk=pk))
        ended = row.state in {Work.State.DONE, Work.State.FAILED}
        return render(request, "home/_job.html", {"job": row}, status=_STOP_POLLING if ended else 200)


class PrepareList(PermissionMixin, View):
    """Have a long list written as a file in the background."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Ask for it and go where its progress stands."""
        try:
            list_files.prepare(
                path=request.POST.get("path", ""),
                query=request.POST.get("query", ""),
                kind=request.POST.get("kind", ""),
                user=signed_in(request),
                company=company_of(request),
                language=get_language() or "fr",
            )
        except NotFound as refusal:
            raise Http404(str(refusal)) from refusal
        messages.success(request, _("The file is being written; a notice tells when it is ready."))
        return redirect("jobs")


class JobFile(PermissionMixin, View):
    """The file that a piece of work has made."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Send it to whoever asked for it and still may read it."""
        row = get_object_or_404(Work, pk=pk, requested_by=signed_in(request))
        try:
            return sent(list_files.file_for(signed_in(request), row))
        except NotFound as refusal:
            raise Http404(str(refusal)) from refusal


class ChooseCompany(PermissionMixin, View):
    """Work in another company from now on."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep the choice; a page about one thing of the former company gives way to the home page."""
        user, code = signed_in(request), request.POST.get("company", "")
        allowed = user.company_ids()
        companies = Company.objects.all() if allowed is None else Company.objects.filter(pk__in=allowed)
        company = companies.filter(code=code).first()
        if company is None:
            raise Http404
        request.session[SESSION_COMPANY] = company.code
        messages.success(request, _("You work in %(company)s.") % {"company": company.name})
        following = request.POST.get("next", "")
        safe = url_has_allowed_host_and_scheme(following, allowed_hosts={request.get_host()})
        return redirect(following if safe and _is_list(following) else "home")


class SetLanguage(View):
    """Choose the language: kept on the user, and in a cookie for visitors."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep the choice and go back."""
        code = request.POST.get("language", "")
        if isinstance(request.user, User) and check_for_language(code):
            services.choose_language(code=code, by=request.user)
        answer: HttpResponse = set_language(request)
        return answer


def _job(row: Work) -> SimpleNamespace:
    found: dict[str, Any] = work.progress(row)
    return SimpleNamespace(
        pk=row.pk,
        label=words.job_label(row.kind),
        key=row.key,
        created_at=row.created_at,
        finished_at=row.finished_at,
        by=row.requested_by.label() if row.requested_by else _("the portal"),
        result_url=str((row.result or {}).get("url", "")),
        **found,
    )


def _is_list(path: str) -> bool:
    try:
        return not resolve(path).kwargs
    except Resolver404:
        return False
