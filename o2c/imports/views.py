"""Bringing in a file: upload, look, confirm, follow, read the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import wraps
from pathlib import PurePath
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import IntegerField, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from o2c.shared import work
from o2c.shared.exports import CSV_TYPE
from o2c.shared.models import Work
from o2c.shared.problems import NotFound, Refusal
from o2c.shared.views import Action, Empty, ListPage

from . import previews, services
from .forms import OWN, UploadForm
from .mapping import mapping_text, parse_mapping
from .models import ImportRun
from .tables import RunTable

_STOP_POLLING: Final = 286
_EXAMPLE: Final = "ibm-ar"
View = Callable[..., HttpResponseBase]

_FIELDS: Final[Mapping[str, Any]] = {
    "customer_code": gettext_lazy("Client code"),
    "number": gettext_lazy("Number"),
    "issue_date": gettext_lazy("Issue date"),
    "due_date": gettext_lazy("Due date"),
    "amount": gettext_lazy("Amount incl. VAT"),
    "customer_name": gettext_lazy("Client"),
    "siren": "SIREN",
    "country": gettext_lazy("Country"),
    "term": gettext_lazy("Payment term"),
    "currency": gettext_lazy("Currency"),
    "settled_on": gettext_lazy("Settled on"),
    "disputed": gettext_lazy("Disputed, yes or no"),
    "disputed_amount": gettext_lazy("Disputed amount"),
    "customer_reference": gettext_lazy("Client's reference"),
}


class RunList(ListPage):
    """Every file brought in, with its state."""

    request: Any

    title, menu, permission = gettext_lazy("Imports"), "imports", "imports.run"
    table_class, export_name = RunTable, "imports"
    empty = Empty(
        "file-import",
        gettext_lazy("Files you bring in will stand here"),
        gettext_lazy(
            "Upload the receivables ledger of your present software: you see first what it would book, "
            "and nothing changes before you confirm. The same file a second time books nothing."
        ),
    )

    def get_queryset(self) -> QuerySet[ImportRun]:
        """Return the imports of every company in which the reader may import, the latest first."""
        return (
            ImportRun.objects.visible_to(self.request.user)
            .select_related("requested_by")
            .annotate(
                lines_read=Cast(KT("counts__lines"), IntegerField()),
                lines_refused=Cast(KT("counts__refused"), IntegerField()),
            )
            .order_by("-created_at", "-pk")
        )

    def get_actions(self) -> list[Action]:
        """Return the way to bring in a file."""
        return [Action(_("Import a ledger"), reverse("imports:new"), "upload", primary=True)]


def importer(view: View) -> View:
    """Ask for a signed-in user who may import in the company at work; a run of others is not found."""

    @login_required
    @wraps(view)
    def checked(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.may("imports.run", request.company):
            raise PermissionDenied
        try:
            return view(request, *args, **kwargs)
        except NotFound as refusal:
            raise Http404(str(refusal)) from refusal

    return checked


@importer
@require_http_methods(["GET", "POST"])
def new(request: Any) -> HttpResponse:
    """Ask for a file and how to read it; then look at it."""
    posted = request.method == "POST"
    form = UploadForm(
        request.POST if posted else None,
        request.FILES if posted else None,
        user=request.user,
        company=request.company,
    )
    if posted and form.is_valid():
        run = _uploaded(request, form)
        if run is not None:
            previews.ask(run=run, by=request.user, at=timezone.now())
            return redirect("imports:detail", key=run.pk)
    context = {
        "menu": "imports",
        "title": _("Import a ledger"),
        "form": form,
        "example": mapping_text(_EXAMPLE),
        "fields": _FIELDS.items(),
    }
    return render(request, "imports/new.html", context, status=422 if posted else 200)


def _uploaded(request: Any, form: UploadForm) -> ImportRun | None:
    """Keep the file, or say at the field what is wrong."""
    asked = form.cleaned_data
    try:
        return services.upload(
            company_code=asked["company"],
            file=asked["file"],
            mapping="" if asked["mapping"] == OWN else asked["mapping"],
            mapping_file_text=form.mapping_text(),
            as_of=asked["as_of"],
            by=request.user,
            at=timezone.now(),
        )
    except ValidationError as error:
        form.add_error(None, error)
    except Refusal as refusal:
        names = {"mapping": "mapping_file" if asked["mapping"] == OWN else "mapping"}
        for field, texts in refusal.errors.items():
            name = names.get(field, field)
            form.add_error(name if name in form.fields else None, [str(text) for text in texts])
        if not refusal.errors:
            form.add_error(None, str(refusal))
    return None


@importer
@require_GET
def detail(request: Any, key: int) -> HttpResponse:
    """One import in the state it is in: being looked at, to be confirmed, being booked, done or refused."""
    run = services.find_run(request.user, key)
    job = _job(run)
    context = {
        "menu": "imports",
        "title": run.original_name,
        "run": run,
        "job": job,
        "waits": job is not None and job.state in {Work.State.QUEUED, Work.State.RUNNING},
        "broken": job is not None and job.state == Work.State.FAILED,
        "counts": run.counts,
        "errors": _errors(run),
        "good": max(0, run.counts.get("lines", 0) - run.counts.get("refused", 0)),
        "sums": _sums(run),
        "book": _book(run),
        "columns": [(column, _FIELDS.get(field, "")) for column, field in run.counts.get("columns", ())],
        "mapping": run.mapping_name or _("a mapping of your own"),
        "aged_url": _aged_url(request, run),
        "reference": f"imp-{run.created_at:%Y%m%d}-{run.pk:04d}",
    }
    return render(request, "imports/detail.html", context)


def _job(run: ImportRun) -> Any:
    """The work behind a run, with how far it is."""
    if run.work is None:
        return None
    return SimpleNamespace(pk=run.work.pk, result_url="", **work.progress(run.work))


def _errors(run: ImportRun) -> list[dict[str, Any]]:
    """What is wrong with which line: the column it is about is told apart where the message names one."""
    names = {column for column, _field in run.counts.get("columns", ())}
    names |= set(parse_mapping(run.mapping_text).columns)
    numbers = {row[0]: row for row in run.counts.get("head", ())}
    shown = []
    for line, message in run.errors:
        column, found, rest = str(message).partition(": ")
        about = column if found and column in names else ""
        shown.append(
            {"line": line, "column": about, "message": rest if about else message, "near": line in numbers}
        )
    return shown


def _sums(run: ImportRun) -> list[dict[str, Any]]:
    """The control line per currency: what was read, what stands in the book of it, the difference."""
    read, booked = run.counts.get("read", {}), run.counts.get("booked")
    rows = []
    for currency, amount in sorted(read.items()):
        stands = Decimal(booked.get(currency, "0")) if booked is not None else None
        apart = Decimal(amount) - stands if stands is not None else None
        rows.append({"currency": currency, "read": Decimal(amount), "booked": stands, "difference": apart})
    return rows


def _book(run: ImportRun) -> list[dict[str, Any]]:
    """The book the import left, per currency."""
    amounts = ("invoiced", "open", "overdue", "disputed")
    return [row | {name: Decimal(row[name]) for name in amounts} for row in run.counts.get("book", ())]


def _aged_url(request: Any, run: ImportRun) -> str:
    """The aged balance of the day the book was taken over at; empty where the reader works in another company."""
    here = request.company is not None and request.company.code == run.company_code
    if run.status != ImportRun.Status.DONE or not here:
        return ""
    return f"{reverse('reports:aged_balance')}?{urlencode({'as_of': run.counts.get('as_of', '')})}"


@importer
@require_POST
def confirm(request: Any, key: int) -> HttpResponse:
    """Have the file booked in the background: whole, or its good lines."""
    try:
        services.start(
            import_id=key,
            keep_good_lines=request.POST.get("keep_good_lines") == "1",
            by=request.user,
            at=timezone.now(),
        )
    except NotFound:
        raise
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect("imports:detail", key=key)


@importer
@require_GET
def progress(request: Any, key: int) -> HttpResponse:
    """The progress line; at the end the page itself is asked for again."""
    run = services.find_run(request.user, key)
    job = _job(run)
    ended = job is None or job.state not in {Work.State.QUEUED, Work.State.RUNNING}
    response = render(request, "imports/_progress.html", {"run": run, "job": job})
    if ended:
        response.status_code = _STOP_POLLING
        response["HX-Refresh"] = "true"
    return response


@importer
@require_GET
def refused(request: Any, key: int) -> HttpResponseBase:
    """The refused lines as a file of the same columns, each with its reason."""
    run = services.find_run(request.user, key)
    if not run.refused:
        raise Http404
    name = f"{PurePath(run.original_name).stem}-refused.csv"
    return FileResponse(run.refused.open("rb"), as_attachment=True, filename=name, content_type=CSV_TYPE)
