"""How files are read: the mapping of one file, and those kept for the next ones."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from o2c.shared.problems import Refusal
from o2c.shared.views import Action, Empty, ListPage

from .. import kinds, services
from ..cells import text_of
from ..mapping import parse_mapping
from ..mapping_form import MappingForm, Told
from ..models import ImportRun, SavedMapping
from ..reader import Unreadable, open_table
from ..tables import MappingTable
from .runs import importer, look_or_ask

_LOOKED_AT: Final = 1000
_EXAMPLES: Final = 3
_MOST_WORDS: Final = 30
_LONGEST_WORD: Final = 60


class MappingList(ListPage):
    """Every mapping kept in the companies of the reader."""

    request: Any

    title, menu, permission = gettext_lazy("Saved mappings"), "imports", "imports.run"
    table_class, export_name = MappingTable, "mappings"
    empty = Empty(
        "table",
        gettext_lazy("Mappings you keep will stand here"),
        gettext_lazy(
            "Bring in a file and give its mapping a name: the next file with the same columns is read by it."
        ),
    )

    def get_queryset(self) -> QuerySet[SavedMapping]:
        """Return the mappings of every company in which the reader may import."""
        kept = SavedMapping.objects.visible_to(self.request.user)
        return kept.select_related("company", "updated_by").order_by("kind", "name", "pk")

    def get_actions(self) -> list[Action]:
        """Return the way to bring in a file."""
        return [Action(_("Import a file"), reverse("imports:new"), "upload", primary=True)]


@importer
@require_http_methods(["GET", "POST"])
def of_run(request: Any, key: int) -> HttpResponse:
    """Say what the columns of an uploaded file are; then look at it again."""
    run = services.find_run(request.user, key)
    if not run.is_waiting:
        return redirect("imports:detail", key=run.pk)
    shape = kinds.shape_of(run.kind)
    mapping = parse_mapping(run.mapping_text, shape) if run.mapping_text else None
    try:
        told = _told(run)
    except Unreadable as refusal:
        messages.error(request, str(refusal))
        return redirect("imports:detail", key=run.pk)
    posted = request.POST if request.method == "POST" else None
    form = MappingForm(posted, kind=run.kind, told=told, mapping=mapping, initial={"name": run.mapping_name})
    if posted is not None and form.is_valid():
        try:
            name, text = form.cleaned_data["name"].strip(), form.mapping_text()
            parse_mapping(text, shape)
            services.read_by(run=run, name=name, text=text)
            if name and run.company is not None:
                services.keep_mapping(
                    company=run.company,
                    kind=run.kind,
                    name=name,
                    text=text,
                    headers=told.columns,
                    by=request.user,
                    at=timezone.now(),
                )
            return look_or_ask(request, run)
        except Refusal as refusal:
            said = [str(text) for texts in refusal.errors.values() for text in texts]
            form.add_error(None, said or str(refusal))
    return _shown(request, form, run.get_kind_display(), run.original_name, "imports:detail", run.pk)


@importer
@require_http_methods(["GET", "POST"])
def of_saved(request: Any, key: int) -> HttpResponse:
    """Change a mapping that was kept."""
    kept = services.find_mapping(request.user, key)
    shape = kinds.shape_of(kept.kind)
    told = Told(columns=tuple(str(column) for column in kept.headers))
    posted = request.POST if request.method == "POST" else None
    form = MappingForm(
        posted,
        kind=kept.kind,
        told=told,
        mapping=parse_mapping(kept.text, shape),
        initial={"name": kept.name},
    )
    form.fields["name"].required = True
    if posted is not None and form.is_valid():
        name = form.cleaned_data["name"].strip()
        at = timezone.now()
        services.keep_mapping(
            company=kept.company,
            kind=kept.kind,
            name=name,
            text=form.mapping_text(),
            headers=kept.headers,
            by=request.user,
            at=at,
        )
        if name != kept.name:
            services.drop_mapping(mapping_id=kept.pk, by=request.user, at=at)
        messages.success(request, _("The mapping “%(name)s” is kept.") % {"name": name})
        return redirect("imports:mappings")
    return _shown(request, form, kept.get_kind_display(), kept.name, "imports:mappings", None, kept)


@importer
@require_POST
def drop(request: Any, key: int) -> HttpResponse:
    """Forget a mapping."""
    services.drop_mapping(mapping_id=key, by=request.user, at=timezone.now())
    messages.success(request, _("The mapping is deleted; imports read by it stay as they are."))
    return redirect("imports:mappings")


def _told(run: ImportRun) -> Told:
    """The columns of a file with their first values and words."""
    mapping = parse_mapping(run.mapping_text, kinds.shape_of(run.kind)) if run.mapping_text else None
    table = open_table(
        Path(run.file.path),
        delimiter=mapping.delimiter if mapping else "",
        encoding=mapping.encoding if mapping else "",
    )
    columns = kinds.columns_of(table.columns)
    found: dict[str, dict[str, None]] = {column: {} for column in columns}
    for row in islice(table.rows, _LOOKED_AT):
        for column in columns:
            text = text_of(row.cells.get(column, ""))[:_LONGEST_WORD]
            if text and len(found[column]) <= _MOST_WORDS:
                found[column].setdefault(text)
    return Told(
        columns=tuple(columns),
        examples={column: list(words)[:_EXAMPLES] for column, words in found.items()},
        words={column: list(words) for column, words in found.items() if len(words) <= _MOST_WORDS},
    )


def _shown(
    request: Any,
    form: MappingForm,
    kind: str,
    of: str,
    back: str,
    key: int | None,
    kept: SavedMapping | None = None,
) -> HttpResponse:
    arguments: Sequence[int] = [] if key is None else [key]
    context = {
        "menu": "imports",
        "title": _("How its columns are read"),
        "form": form,
        "rows": list(form.rows()),
        "words": form.word_rows(),
        "kind": kind,
        "of": of,
        "kept": kept,
        "back": reverse(back, args=arguments),
    }
    return render(request, "imports/mapping.html", context, status=422 if form.is_bound else 200)
