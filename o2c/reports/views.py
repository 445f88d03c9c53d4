"""The aged balance on the screen and as a file, and the items behind each of its figures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import wraps
from typing import Any, Final
from urllib.parse import urlencode

from babel.dates import format_date
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.enums import TeamRole
from accounts.models import Company, TeamMember
from invoicing.ageing import CREDITS, EDGES, TOTAL, Basis
from invoicing.pages import item_rows
from o2c.shared import formats
from o2c.shared.calendar import add_months, end_of_month
from o2c.shared.exports import CSV_TYPE, XLSX_TYPE
from o2c.shared.problems import NotAllowed, NotFound

from .aged_balance import AgedBalance, aged_balance
from .drill import DISPUTED, items_behind, sum_of
from .files import FORMATS, aged_balance_file, bucket_title
from .forms import AgedBalanceForm
from .history import overdue_history
from .screen import DEFAULT_SORT, blocks, history_chart, in_currency, other_columns

_TYPES: Final = {"csv": CSV_TYPE, "xlsx": XLSX_TYPE, "json": "application/json"}
_FILTERS: Final = ("as_of", "by", "buckets", "account", "sales_rep", "currency")
_PANEL: Final = 12
_PAGE: Final = 50
_MONTHS: Final = 12

View = Callable[..., HttpResponseBase]


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


@reader_of_reports
def aged_balance_page(request: Any) -> HttpResponseBase:
    """What each client owes by age on any day; ``?export=`` gives the same report as a file."""
    today = timezone.localdate()
    form = _form(request)
    report = _report(request, form, today)
    export = request.GET.get("export", "")
    if export in FORMATS:
        return _file(report, export)
    sort = request.GET.get("sort") or DEFAULT_SORT
    page = request.GET.get("page", "1")
    kept = _kept(request)
    context = {
        "menu": "aged_balance",
        "title": _title(report),
        "form": form,
        "report": report,
        "is_today": report.as_of == today,
        "by_due": report.basis is Basis.DUE_DATE,
        "blocks": blocks(
            report,
            _address(request),
            _client_url,
            sort=sort,
            page=int(page) if page.isdecimal() else 1,
        ),
        "heads": other_columns(sort),
        "clients": len({row.account_id for row in report.rows}),
        "kept": kept,
        "days": _days(today),
        "edges": ", ".join(str(edge) for edge in report.edges),
        "rep_label": dict(_reps(request.company)).get(request.GET.get("sales_rep", ""), ""),
        "history_url": _history_url(report),
        "can_import": request.user.may("imports.run", request.company),
        "link": request.build_absolute_uri(
            f"{request.path}?{urlencode(kept | {'as_of': report.as_of.isoformat()})}"
        ),
    }
    return render(request, "reports/aged_balance.html", context)


@reader_of_reports
def aged_balance_items(request: Any) -> HttpResponse:
    """The items behind one figure: a panel for htmx, else a page of all of them; ``closed`` takes the panel away."""
    if "closed" in request.GET:
        return HttpResponse()
    report = _frame(request, timezone.localdate())
    asked = {
        name: request.GET.get(name, "") for name in ("bucket", "currency", "client", "account", "sales_rep")
    }
    items = items_behind(
        report,
        request.user,
        bucket=asked["bucket"],
        currency=asked["currency"] or request.company.currency,
        account=asked["client"] or asked["account"],
        sales_rep="" if asked["client"] else asked["sales_rep"],
    ).select_related("account", "invoice", "payment")
    total, count = sum_of(items, asked["bucket"])
    fragment = bool(getattr(request, "htmx", False))
    page = Paginator(items, _PANEL if fragment else _PAGE, allow_empty_first_page=True).get_page(
        request.GET.get("page")
    )
    context = {
        "menu": "aged_balance",
        "title": _items_title(report, asked["bucket"]),
        "name": next((item.account.name for item in page if asked["client"]), ""),
        "report": report,
        "rows": item_rows(page),
        "page": page,
        "total": total,
        "count": count,
        "currency": asked["currency"] or request.company.currency,
        "disputed": asked["bucket"] == DISPUTED,
        "all_url": f"{request.path}?{urlencode({k: v for k, v in request.GET.items() if k != 'page'})}",
        "back": f"{reverse('reports:aged_balance')}?{urlencode(_kept(request))}",
        "columns": len(report.bucket_names) + 5,
    }
    return render(request, f"reports/{'_items' if fragment else 'aged_balance_items'}.html", context)


@reader_of_reports
def overdue_history_fragment(request: Any) -> HttpResponse:
    """What was late at the last twelve month ends, asked for by the page once it stands."""
    report_day = AgedBalanceForm(request.GET, reps=())
    report_day.is_valid()
    as_of = report_day.cleaned_data.get("as_of") or timezone.localdate()
    months = overdue_history(user=request.user, company=request.company, as_of=as_of, months=_MONTHS)
    labels = [format_date(month.day, "LLL yy", locale=get_language() or "fr") for month in months]
    spec = history_chart(months, labels, request.company.currency)
    return render(request, "reports/_history.html", {"spec": spec, "company": request.company})


def _form(request: Any) -> AgedBalanceForm:
    data = request.GET.copy()
    data.setdefault("by", Basis.DUE_DATE.value)
    form = AgedBalanceForm(data, reps=_reps(request.company))
    if form.is_valid() and form.cleaned_data["as_of"]:
        data["as_of"] = formats.date_short(form.cleaned_data["as_of"])  # as people write it, in the box
    return form


def _report(request: Any, form: AgedBalanceForm, today: date) -> AgedBalance:
    """Read the report the address asks for; what cannot be read is said at its field and left out."""
    asked = form.cleaned_data
    report = aged_balance(
        user=request.user,
        company=request.company,
        as_of=asked.get("as_of") or today,
        by=asked.get("by") or Basis.DUE_DATE,
        buckets=asked.get("buckets") or EDGES,
        account=asked.get("account") or None,
        sales_rep=asked.get("sales_rep") or None,
    )
    return in_currency(report, request.GET.get("currency", ""))


def _frame(request: Any, today: date) -> AgedBalance:
    """The report the address asks for before anything is read: its day, basis and buckets."""
    asked = _form(request).cleaned_data
    return AgedBalance(
        company=request.company,
        as_of=asked.get("as_of") or today,
        basis=asked.get("by") or Basis.DUE_DATE,
        edges=asked.get("buckets") or EDGES,
        scope="",
        rows=(),
        totals=(),
    )


def _reps(company: Company) -> list[tuple[str, str]]:
    """Sales reps who look after a client of the company now: user name, name."""
    members = (
        TeamMember.objects.filter(account__company=company, role=TeamRole.SALES_REP, valid_to=None)
        .order_by()
        .values_list("user__username", "user__first_name", "user__last_name")
        .distinct()
    )
    named = [(username, f"{first} {last}".strip() or username) for username, first, last in members]
    return sorted(named, key=lambda pair: pair[1].casefold())


def _kept(request: Any) -> dict[str, str]:
    """The filters of the address, for links that keep them."""
    return {name: request.GET[name] for name in _FILTERS if request.GET.get(name)}


def _address(request: Any) -> Callable[[str, str, str], str]:
    base, kept = reverse("reports:aged_balance_items"), _kept(request)

    def address(account: str, bucket: str, currency: str) -> str:
        figure = {"bucket": bucket, "currency": currency} | ({"client": account} if account else {})
        return f"{base}?{urlencode(kept | figure)}"

    return address


def _client_url(code: str) -> str:
    return reverse("accounts:detail", args=[code])


def _title(report: AgedBalance) -> str:
    return _("Aged balance on %(day)s") % {"day": f"{report.as_of:%d/%m/%Y}"}


def _items_title(report: AgedBalance, bucket: str) -> str:
    words = {
        TOTAL: _("All open items"),
        CREDITS: _("Credits and unmatched payments"),
        DISPUTED: _("Disputed"),
    }
    return words.get(bucket) or bucket_title(bucket)


def _days(today: date) -> list[tuple[str, str]]:
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


def _history_url(report: AgedBalance) -> str:
    """Where the drawing comes from; empty where it would not be of the same clients and currency."""
    own = any(total.currency == report.company.currency for total in report.totals)
    if report.scope == "selection" or not own or not report.rows:
        return ""
    return f"{reverse('reports:overdue_history')}?{urlencode({'as_of': report.as_of.isoformat()})}"


def _file(report: AgedBalance, file_format: str) -> HttpResponseBase:
    language = get_language() or "fr"
    content = aged_balance_file(report, file_format, language=language)
    response = StreamingHttpResponse(content, content_type=_TYPES[file_format])
    name = f"{_('aged-balance')}_{report.company.code}_{report.as_of:%Y-%m-%d}.{file_format}"
    response["Content-Disposition"] = content_disposition_header(True, name)
    return response
