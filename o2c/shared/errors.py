"""The page for what broke: keeps menu and search, and never breaks itself."""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.utils.translation import gettext as _

from .audit import request_facts

logger = logging.getLogger(__name__)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 with the reference under which the fault is logged; a bare page if drawing fails too."""
    reference = request_facts.get().request_id
    page: str
    try:
        page = loader.render_to_string("500.html", {"reference": reference}, request=request)
    except Exception:  # the fault may lie in what the frame itself needs (database down)
        logger.exception("The error page could not be drawn.")
        page = "<!doctype html><title>o2c</title><p>" + _(
            "Something broke on our side. Try again in a minute."
        )
    response = HttpResponse(page, status=500)
    if reference:
        response["X-Request-Id"] = reference
    return response
