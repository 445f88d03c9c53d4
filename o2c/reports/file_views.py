"""Long reports as files: asked for on their page, written in the background."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from o2c.shared.problems import NotAllowed, NotFound, Refusal

from .background import prepare
from .catalogue import AGED_BALANCE, EXPOSURE
from .exposure_views import exposure_question
from .files import FORMATS
from .views import aged_question

_QUESTIONS: Final = {AGED_BALANCE: aged_question, EXPOSURE: exposure_question}


@login_required
@require_POST
def prepare_file(request: Any, report: str) -> HttpResponse:
    """Have a report written as its page shows it, and go where its progress stands."""
    file_format = request.POST.get("kind", "")
    if report not in _QUESTIONS or file_format not in FORMATS or request.company is None:
        raise Http404
    data = QueryDict(request.POST.get("query", ""))
    _form, asked = _QUESTIONS[report](data, request.company, timezone.localdate())
    try:
        prepare(
            asked,
            file_format,
            user=request.user,
            company=request.company,
            language=get_language() or "fr",
        )
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except NotFound as refusal:
        raise Http404(str(refusal)) from refusal
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The file is being written; a notice tells when it is ready."))
    return redirect("jobs")
