"""The files of a document, from its page."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from invoicing import lists, services
from invoicing.bundle.files import bundle_for
from invoicing.enums import FileKind
from invoicing.file_answers import bundle_response, file_response
from o2c.shared.problems import Refusal

from .base import needs, translated


@needs("invoicing.view")
@require_GET
def download(request: Any, number: str, kind: str) -> HttpResponseBase:
    """Hand out the PDF or the XML of a document; back to its page with what is wrong where there is none."""
    if kind not in FileKind.values:
        raise Http404
    with translated():
        invoice = lists.find_invoice(request.user, request.company, number, timezone.localdate())
    try:
        found = services.file_of(invoice, FileKind(kind), by=request.user)
    except services.StillMade:
        messages.info(request, _("The file is being made. Ask for it again in a moment."))
        return _back(number)
    except Refusal as refusal:
        first = [str(each.message) for each in refusal.findings[:3]]
        messages.error(request, " ".join([str(refusal), *first]))
        return _back(number)
    return file_response(found, invoice.number)


@needs("invoicing.view")
@require_GET
def bundle(request: Any, number: str) -> HttpResponseBase:
    """Hand out everything that proves an invoice; back to its page where its own file cannot be."""
    with translated():
        invoice = lists.find_invoice(request.user, request.company, number, timezone.localdate())
    try:
        return bundle_response(bundle_for(invoice, by=request.user, at=timezone.now()))
    except services.StillMade:
        messages.info(request, _("The file is being made. Ask for it again in a moment."))
    except Refusal as refusal:
        first = [str(each.message) for each in refusal.findings[:3]]
        messages.error(request, " ".join([str(refusal), *first]))
    return _back(number)


def _back(number: str) -> HttpResponse:
    return redirect("invoicing:detail", number=number)
