"""Bringing in a file: upload, look, confirm, follow, read the result."""

from __future__ import annotations

from collections.abc import Callable
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
from o2c.shared.exports import CSV_TYPE, csv_chunks
from o2c.shared.models import Work
from o2c.shared.problems import NotFound, Refusal
from o2c.shared.views import Action, Empty, ListPage

from .. import kinds, ledger_names, runs, services
from ..forms import AUTO, OWN, SAVED, UploadForm
from ..mapping import mapping_text, parse_mapping
from ..models import ImportRun
from ..reader import Unreadable
from ..single import sample_rows
from ..tables import RunTable

_STOP_POLLING: Final = 286
_EXAMPLE: Final = "ibm-ar"
View = Callable[..., HttpResponseBase]


class RunList(ListPage):
    """Every file brought in, with its state."""

    request: Any

    title, menu, permission = gettext_lazy("Imports"), "imports", "imports.run"
    table_class, export_name = RunTable, "imports"
    empty = Empty(
        "file-import",
        gettext_lazy("Files you bring in will stand here"),
        gettext_lazy(
            "Upload the receivables ledger of your present software, or clients, orders, invoices, payments: you "
            "see first what would happen, and nothing changes before you confirm. The same file twice counts once."
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
        return [
            Action(_("Saved mappings"), reverse("imports:mappings"), "table"),
            Action(_("Import a file"), reverse("imports:new"), "upload", primary=True),
        ]


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
    """Ask for a file and how to read it; then look at it, or ask what its columns are."""
    posted = request.method == "POST"
    form = UploadForm(
        request.POST if posted else None,
        request.FILES if posted else None,
        user=request.user,
        company=request.company,
        initial={"kind": request.GET.get("kind", "")},
    )
    if posted and form.is_valid():
        run = _uploaded(request, form)
        if run is not None:
            return look_or_ask(request, run)
    context = {
        "menu": "imports",
        "title": _("Import a file"),
        "form": form,
        "example": mapping_text(_EXAMPLE),
        "fields": ledger_names.LABELS.items(),
        "samples": [(code, label) for code, label in kinds.allowed(request.user, request.company)],
    }
    return render(request, "imports/new.html", context, status=422 if posted else 200)


def look_or_ask(request: Any, run: ImportRun) -> HttpResponse:
    """Look at a file whose columns are known; else ask what they are."""
    try:
        known = runs.choose_mapping(run=run)
    except Unreadable as refusal:
        ImportRun.objects.filter(pk=run.pk).update(errors=[[refusal.line, str(refusal)]])
        return redirect("imports:detail", key=run.pk)
    if not known:
        messages.info(request, _("Say once what the columns of this file are: it is kept for the next one."))
        return redirect("imports:mapping", key=run.pk)
    runs.ask(run=run, by=request.user, at=timezone.now())
    return redirect("imports:detail", key=run.pk)


def _uploaded(request: Any, form: UploadForm) -> ImportRun | None:
    """Keep the file, or say at the field what is wrong."""
    asked = form.cleaned_data
    try:
        text, name = form.mapping_text(), ""
        if asked["mapping"].startswith(SAVED):
            kept = services.find_mapping(request.user, int(asked["mapping"].removeprefix(SAVED)))
            text, name = kept.text, kept.name
        elif asked["mapping"] == OWN:
            name = PurePath(asked["mapping_file"].name or "").name[:60]
        elif asked["mapping"] != AUTO:
            name = asked["mapping"]
        return services.upload(
            company_code=asked["company"],
            file=asked["file"],
            mapping=name,
            mapping_file_text=text,
            kind=asked["kind"],
            shape=kinds.shape_of(asked["kind"]),
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
def sample(request: Any, kind: str) -> HttpResponse:
    """A file of a kind as we would write it, to be filled in."""
    if kind not in dict(kinds.allowed(request.user, request.company)):
        raise Http404
    head, rows = sample_rows(kind)
    chunks = csv_chunks(head, rows, language=request.LANGUAGE_CODE)
    answer = HttpResponse(b"".join(chunks), content_type=CSV_TYPE)
    answer["Content-Disposition"] = f'attachment; filename="{_("sample")}-{kind}.csv"'
    return answer


@importer
@require_GET
def detail(request: Any, key: int) -> HttpResponse:
    """One import in the state it is in: being looked at, to be confirmed, being booked, done or refused."""
    run = services.find_run(request.user, key)
    job = _job(run)
    waits = job is not None and job.state in {Work.State.QUEUED, Work.State.RUNNING}
    labels = kinds.label_of(run.kind)
    good = max(0, run.counts.get("lines", 0) - run.counts.get("refused", 0))
    context = {
        "menu": "imports",
        "title": run.original_name,
        "run": run,
        "job": job,
        "waits": waits,
        "broken": job is not None and job.state == Work.State.FAILED,
        "counts": run.counts,
        "errors": _errors(run),
        "good": good,
        "has_news": any(run.counts.get(name) for name in ("new", "changed", "invoices", "settlements")),
        "is_ledger": run.kind == ImportRun.Kind.LEDGER,
        "sums": _sums(run),
        "book": _book(run),
        "columns": [(column, labels.get(field, "")) for column, field in run.counts.get("columns", ())],
        "head": _head(run),
        "mapping": run.mapping_name or _("told by the names of the columns"),
        "may_map": run.is_waiting and not waits,
        "aged_url": _aged_url(request, run),
        "reference": f"imp-{run.created_at:%Y%m%d}-{run.pk:04d}",
    }
    return render(request, "imports/detail.html", context)


def _head(run: ImportRun) -> list[tuple[Any, list[tuple[str, str]]]]:
    """The first lines: number, and each cell as it stands with how it is understood where that differs."""
    rows = run.counts.get("head", ())
    understood = run.counts.get("understood") or [[] for _row in rows]
    shown = []
    for (line, *cells), read in zip(rows, understood, strict=True):
        pairs = [
            (cell, meant if meant != cell else "")
            for cell, meant in zip(cells, read or [""] * len(cells), strict=True)
        ]
        shown.append((line, pairs))
    return shown


def _job(run: ImportRun) -> Any:
    """The work behind a run, with how far it is."""
    if run.work is None:
        return None
    return SimpleNamespace(pk=run.work.pk, result_url="", **work.progress(run.work))


def _errors(run: ImportRun) -> list[dict[str, Any]]:
    """What is wrong with which line: the column it is about is told apart where the message names one."""
    names = {column for column, _field in run.counts.get("columns", ())}
    if run.mapping_text:
        names |= set(parse_mapping(run.mapping_text, kinds.shape_of(run.kind)).columns)
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
    if run.status != ImportRun.Status.DONE or run.kind != ImportRun.Kind.LEDGER or not here:
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
