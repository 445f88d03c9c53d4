"""Letters printed here, with what goes into their envelopes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from dunning import printing
from dunning.models import DunningRun, Reminder
from dunning.services import runs as services
from invoicing.views.base import needs
from o2c.shared.outbox_files import StillMade
from o2c.shared.pdf import pdf_response


@needs(services.RIGHT)
@require_GET
def print_letter(request: Any, key: int) -> HttpResponse:
    """Hand out a letter with its enclosures as one file."""
    found = (
        Reminder.objects.visible_to(request.user, request.company)
        .filter(pk=key)
        .select_related("account")
        .first()
    )
    if found is None or not found.file:
        raise Http404
    name = _("reminder-%(code)s") % {"code": found.account.code}
    return _answer(request, [found], f"{name}-{found.as_of}.pdf", "dunning:reminder", key)


@needs(services.RIGHT)
@require_GET
def print_run(request: Any, key: int) -> HttpResponse:
    """Hand out the letters of a run with their enclosures, a hundred at a time (``?part=``)."""
    run = DunningRun.objects.filter(pk=key, company=request.company).select_related("company").first()
    part = request.GET.get("part", "1")
    if run is None or not (part.isascii() and part.isdecimal() and 0 < len(part) < 6 and int(part)):
        raise Http404
    first = (int(part) - 1) * printing.AT_ONCE
    letters = list(printing.to_print(request.user, run)[first : first + printing.AT_ONCE])
    if not letters:
        messages.info(request, _("No letter of this run is to be printed here."))
        return redirect("dunning:run", key=key)
    name = _("reminders-%(day)s") % {"day": run.as_of}
    return _answer(request, letters, f"{name}-{part}.pdf", "dunning:run", key)


def _answer(request: Any, letters: Sequence[Reminder], name: str, back: str, key: int) -> HttpResponse:
    try:
        paper = printing.paper_of(letters)
    except StillMade:
        messages.info(request, _("Copies of invoices are being made. Ask for the file again in a moment."))
        return redirect(back, key=key)
    if paper.missing:
        messages.warning(
            request,
            _("There is no file of these documents: %(names)s.") % {"names": ", ".join(paper.missing)},
        )
    return pdf_response(paper.content, name)
