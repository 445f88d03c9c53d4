"""The aged balance on the screen and as a file, and the items behind each of its figures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from babel.dates import format_date
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import Company
from invoicing.ageing import CREDITS, EDGES, TOTAL, Basis
from invoicing.pages import item_rows

from .aged_balance import AgedBalance
from .aged_files import bucket_title
from .catalogue import AGED_BALANCE, Asked, read
from .drill import DISPUTED, items_behind, outside, sum_of
from .files import FORMATS
from .forms import AgedBalanceForm
from .frame import (
    answered,
    client_url,
    form_of,
    kept,
    page_number,
    reader_of_reports,
    reading,
    reps,
    usual_days,
)
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
    form, asked = aged_question(request.GET, request.company, today)
    export = request.GET.get("export", "")
    if export in FORMATS:
        return answered(request, asked, export, menu="aged_balance")
    report = reading(
        form, asked, lambda each: read(each, user=request.user, company=request.company, at=timezone.now())
    )
    assert isinstance(report, AgedBalance)
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
    _form, question = aged_question(request.GET, request.company, timezone.localdate())
    report = _frame(request.company, question)
    asked = {name: request.GET.get(name, "") for name in ("bucket", "currency", "client")}
    figure: Any = {
        "bucket": asked["bucket"],
        "currency": asked["currency"] or request.company.currency,
        "selection": Selection(account=asked["client"]) if asked["client"] else question.selection,
    }
    items = items_behind(report, request.user, **figure).select_related("account", "invoice", "payment")
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
        "outside": outside(report, request.user, **figure),
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


def aged_question(data: QueryDict, company: Company, today: date) -> tuple[AgedBalanceForm, Asked]:
    """Return what an address asks for; what cannot be read is said at its field and left out."""
    form = form_of(AgedBalanceForm, data, company, by=Basis.DUE_DATE.value)
    asked = form.cleaned_data
    return form, Asked(
        report=AGED_BALANCE,
        as_of=asked.get("as_of") or today,
        selection=form.selection(),
        by=(asked.get("by") or Basis.DUE_DATE).value,
        edges=asked.get("buckets") or EDGES,
        currency=data.get("currency", ""),
    )


def _frame(company: Company, asked: Asked) -> AgedBalance:
    """The report that is asked for before anything is read: its day, basis and buckets."""
    return AgedBalance(
        company=company,
        as_of=asked.as_of,
        basis=Basis(asked.by),
        edges=asked.edges,
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
