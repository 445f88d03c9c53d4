"""What the pages of reports share: who may read them, the filters people ask for, files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from functools import wraps
from typing import Any, Final, TypeVar

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.enums import TeamRole
from accounts.models import Company, TeamMember
from credit.history import NoSnapshot
from o2c.shared import formats
from o2c.shared.calendar import add_months, end_of_month
from o2c.shared.problems import NotAllowed, NotFound

from .background import is_long
from .catalogue import Asked, read, sheet_of, title_of
from .files import TYPES, Sheet, written
from .forms import ReportForm
from .scope import EVERYBODY

_LAST_PAGE: Final = 1_000_000
View = Callable[..., HttpResponseBase]
Form = TypeVar("Form", bound=ReportForm)
Report = TypeVar("Report")


def reader_of_reports(view: View) -> View:
    """Ask for a signed-in user who may read reports in the company at work."""

    @login_required
    @require_GET
    @wraps(view)
    def checked(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.company is None or not request.user.may("reports.view", request.company):
            raise PermissionDenied
        try:
            return view(request, *args, **kwargs)
        except NotFound as refusal:
            raise Http404(str(refusal)) from refusal
        except NotAllowed as refusal:
            raise PermissionDenied(str(refusal)) from refusal

    return checked


def reps(company: Company) -> list[tuple[str, str]]:
    """Sales reps who look after a client of the company now: user name, name."""
    members = (
        TeamMember.objects.filter(account__company=company, role=TeamRole.SALES_REP, valid_to=None)
        .order_by()
        .values_list("user__username", "user__first_name", "user__last_name")
        .distinct()
    )
    named = [(username, f"{first} {last}".strip() or username) for username, first, last in members]
    return sorted(named, key=lambda pair: pair[1].casefold())


def usual_days(today: date) -> list[tuple[str, str]]:
    """Days people ask for again and again: label and date."""
    last_month = end_of_month(add_months(today, -1))
    quarter = date(today.year, 3 * ((today.month - 1) // 3) + 1, 1) - timedelta(days=1)
    wanted = [
        (_("Today"), today),
        (_("End of last month"), last_month),
        (_("End of last quarter"), quarter),
        (_("End of last year"), date(today.year - 1, 12, 31)),
    ]
    return [(label, day.isoformat()) for label, day in wanted]


def kept(request: Any, names: Iterable[str]) -> dict[str, str]:
    """Return the filters of the address, for links that keep them."""
    return {name: request.GET[name] for name in names if request.GET.get(name)}


def page_number(request: Any) -> int:
    """Return the page asked for, the first when it cannot be read."""
    text = request.GET.get("page", "1")
    return min(max(int(text), 1), _LAST_PAGE) if text.isdecimal() and len(text) < 20 else 1


def client_url(code: str) -> str:
    """Return the page of a client."""
    return reverse("accounts:detail", args=[code])


def form_of(form_class: type[Form], data: QueryDict, company: Company, **defaults: str) -> Form:
    """Return the filters of an address as a form that was looked at; a day stands in it as people write it."""
    data = data.copy()
    for name, value in defaults.items():
        data.setdefault(name, value)
    form = form_class(data, reps=reps(company))
    if form.is_valid() and form.cleaned_data["as_of"]:
        data["as_of"] = formats.date_short(form.cleaned_data["as_of"])
    return form


def reading(form: ReportForm, asked: Asked, read_one: Callable[[Asked], Report]) -> Report:
    """Read the report of a page; a client, SIREN or group nobody has is said at its field and left out.

    :raises NoSnapshot: nothing was recorded by that day
    """
    try:
        return read_one(asked)
    except NoSnapshot:
        raise
    except NotFound:
        for name in ("account", "siren", "group"):
            if getattr(asked.selection, name):
                form.add_error(name, _("No client here is found by this."))
        return read_one(replace(asked, selection=EVERYBODY))


def answered(request: Any, asked: Asked, file_format: str, *, menu: str) -> HttpResponseBase:
    """Send the report of a page as a file; a long one is offered in the background.

    :raises Refusal: as the report itself
    """
    if not is_long(asked, file_format, user=request.user, company=request.company):
        report = read(asked, user=request.user, company=request.company, at=timezone.now())
        return download(sheet_of(report), file_format)
    query = request.GET.copy()
    query.pop("export")
    context = {
        "menu": menu,
        "title": title_of(asked.report),
        "action": reverse("reports:prepare", args=[asked.report]),
        "query": query.urlencode(),
        "kind": file_format,
    }
    return render(request, "components/long_file.html", context)


def download(sheet: Sheet, file_format: str) -> HttpResponseBase:
    """Send a report as a file, piece by piece."""
    pieces = written(sheet, file_format, language=get_language() or "fr")
    response = StreamingHttpResponse(pieces, content_type=TYPES[file_format])
    response["Content-Disposition"] = content_disposition_header(True, f"{sheet.stem()}.{file_format}")
    response["X-Content-Type-Options"] = "nosniff"
    return response
