"""The aged balance on the screen and as a file, and the items behind each of its figures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from babel.dates import format_date
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from invoicing.ageing import CREDITS, EDGES, TOTAL, Basis
from invoicing.pages import item_rows

from .aged_balance import AgedBalance
from .aged_files import aged_sheet, bucket_title
from .catalogue import AGED_BALANCE, Asked, read
from .drill import DISPUTED, items_behind, sum_of
from .files import FORMATS
from .forms import AgedBalanceForm
from .frame import client_url, download, form_of, kept, page_number, reader_of_reports, reps, usual_days
from .history import overdue_history
from .scope import Selection
from .screen import DEFAULT_SORT, blocks, history_chart, other_columns

_FILTERS: Final = ("as_of", "by", "buckets", "account", "sales_rep", "siren", "group", "currency")
_PANEL: Final = 12
_PAGE: Final = 50
_MONTHS: Final = 12


@reader_of_reports
def aged_balance_page(request: Any) -> HttpResponseBase:
    """What each client owes by age on any day; ``?export=`` gives the same report as a file."""
    today = timezone.localdate()
    form = _form(request)
    report = _report(request, form, today)
    export = request.GET.get("export", "")
    if export in FORMATS:
        return download(aged_sheet(report), export)
    filters = kept(request, _FILTERS)
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
            client_url,
            sort=request.GET.get("sort") or DEFAULT_SORT,
            page=page_number(request),
        ),
        "heads": other_columns(request.GET.get("sort") or DEFAULT_SORT),
        "clients": len({row.account_id for row in report.rows}),
        "kept": filters,
        "days": usual_days(today),
        "edges": ", ".join(str(edge) for edge in report.edges),
        "rep_label": dict(reps(request.company)).get(request.GET.get("sales_rep", ""), ""),
        "history_url": _history_url(report),
        "can_import": request.user.may("imports.run", request.company),
        "link": request.build_absolute_uri(
            f"{request.path}?{urlencode(filters | {'as_of': report.as_of.isoformat()})}"
        ),
    }
    return render(request, "reports/aged_balance.html", context)


@reader_of_reports
def aged_balance_items(request: Any) -> HttpResponse:
    """The items behind one figure: a panel for htmx, else a page of all of them; ``closed`` takes the panel away."""
    if "closed" in request.GET:
        return HttpResponse()
    form = _form(request)
    report = _frame(request, form, timezone.localdate())
    asked = {name: request.GET.get(name, "") for name in ("bucket", "currency", "client")}
    items = items_behind(
        report,
        request.user,
        bucket=asked["bucket"],
        currency=asked["currency"] or request.company.currency,
        selection=Selection(account=asked["client"]) if asked["client"] else form.selection(),
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
        "back": f"{reverse('reports:aged_balance')}?{urlencode(kept(request, _FILTERS))}",
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
    return form_of(AgedBalanceForm, request, by=Basis.DUE_DATE.value)


def _report(request: Any, form: AgedBalanceForm, today: date) -> AgedBalance:
    """Read the report the address asks for; what cannot be read is said at its field and left out."""
    asked = form.cleaned_data
    question = Asked(
        report=AGED_BALANCE,
        as_of=asked.get("as_of") or today,
        selection=form.selection(),
        by=(asked.get("by") or Basis.DUE_DATE).value,
        edges=asked.get("buckets") or EDGES,
        currency=request.GET.get("currency", ""),
    )
    report = read(question, user=request.user, company=request.company, at=timezone.now())
    assert isinstance(report, AgedBalance)
    return report


def _frame(request: Any, form: AgedBalanceForm, today: date) -> AgedBalance:
    """The report the address asks for before anything is read: its day, basis and buckets."""
    asked = form.cleaned_data
    return AgedBalance(
        company=request.company,
        as_of=asked.get("as_of") or today,
        basis=asked.get("by") or Basis.DUE_DATE,
        edges=asked.get("buckets") or EDGES,
        scope="",
        rows=(),
        totals=(),
    )


def _address(request: Any) -> Callable[[str, str, str], str]:
    base, filters = reverse("reports:aged_balance_items"), kept(request, _FILTERS)

    def address(account: str, bucket: str, currency: str) -> str:
        figure = {"bucket": bucket, "currency": currency} | ({"client": account} if account else {})
        return f"{base}?{urlencode(filters | figure)}"

    return address


def _title(report: AgedBalance) -> str:
    return _("Aged balance on %(day)s") % {"day": f"{report.as_of:%d/%m/%Y}"}


def _items_title(report: AgedBalance, bucket: str) -> str:
    words = {
        TOTAL: _("All open items"),
        CREDITS: _("Credits and unmatched payments"),
        DISPUTED: _("Disputed"),
    }
    return words.get(bucket) or bucket_title(bucket)


def _history_url(report: AgedBalance) -> str:
    """Where the drawing comes from; empty where it would not be of the same clients and currency."""
    own = any(total.currency == report.company.currency for total in report.totals)
    if report.scope == "selection" or not own or not report.rows:
        return ""
    return f"{reverse('reports:overdue_history')}?{urlencode({'as_of': report.as_of.isoformat()})}"
