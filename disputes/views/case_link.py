"""The page of one dispute that a link opens to a colleague without an account."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language

from o2c.shared.files import from_upload
from o2c.shared.link_pages import by_link
from o2c.shared.links import LinkRefused, Why, record
from o2c.shared.problems import Refusal

from .. import policy
from ..enums import DisputeStatus
from ..forms import KeyForm, LinkAnswerForm, LinkProposalForm
from ..models import DisputeEvidence, ResolverLink
from ..policy import Act
from ..services import links as services
from ..tables import left_in_words
from .history import told
from .page import put_on_form

_POST: Final = ("POST",)


@by_link(ResolverLink)
def page(request: HttpRequest, link: ResolverLink, *, token: str) -> HttpResponse:
    """Draw the case and what may be answered."""
    record(link, "opened", at=timezone.now())
    return _drawn(request, link, token)


@by_link(ResolverLink)
def evidence(request: HttpRequest, link: ResolverLink, *, token: str, key: int) -> FileResponse:
    """Hand out a file of this case."""
    found = DisputeEvidence.objects.filter(pk=key, dispute=link.dispute_id).first()
    if found is None:
        raise LinkRefused(Why.OF_ANOTHER, link)
    record(link, "document_taken", at=timezone.now(), document=found.name)
    answer = FileResponse(
        found.file.open("rb"), as_attachment=True, filename=found.name, content_type=found.content_type
    )
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "sandbox"
    return answer


@by_link(ResolverLink, _POST)
def accept(request: HttpRequest, link: ResolverLink, *, token: str) -> HttpResponse:
    """Accept the agreed date."""
    form = KeyForm(request.POST, auto_id="accept_%s")
    return _acted(request, link, token, "accept", form, services.accept_through)


@by_link(ResolverLink, _POST)
def answer(request: HttpRequest, link: ResolverLink, *, token: str) -> HttpResponse:
    """Take words and evidence."""

    def act(**given: Any) -> bool:
        files = [from_upload(file, field="evidence") for file in given.pop("evidence") or ()]
        return services.answer_through(files=files, **given)

    form = LinkAnswerForm(request.POST, request.FILES, auto_id="answer_%s")
    return _acted(request, link, token, "answer", form, act)


@by_link(ResolverLink, _POST)
def propose(request: HttpRequest, link: ResolverLink, *, token: str) -> HttpResponse:
    """Take the proposal."""
    form = LinkProposalForm(request.POST, auto_id="propose_%s")
    return _acted(request, link, token, "propose", form, services.propose_through)


def _acted(
    request: HttpRequest,
    link: ResolverLink,
    token: str,
    name: str,
    form: forms.Form,
    act: Callable[..., bool],
) -> HttpResponse:
    """Do it and go back to the page, or draw it with what stands against it."""
    if form.is_valid():
        try:
            act(link=link, at=timezone.now(), **form.cleaned_data)
        except Refusal as refusal:
            put_on_form(form, refusal)
        else:
            spoken = f"&lang={request.GET['lang']}" if request.GET.get("lang") in {"fr", "en"} else ""
            return redirect(f"{reverse('case_link:page', args=[token])}?done={name}{spoken}")
    return _drawn(request, link, token, **{name: form})


def _drawn(request: HttpRequest, link: ResolverLink, token: str, **back: forms.Form) -> HttpResponse:
    dispute = link.dispute
    today = timezone.localdate()
    acts = policy.possible_acts(DisputeStatus(dispute.status))
    left, tone = left_in_words(dispute, today)
    fresh = {"key": uuid.uuid4()}
    shown: dict[str, forms.Form] = {}
    if services.may_accept(dispute):
        shown["accept"] = KeyForm(initial=fresh, auto_id="accept_%s")
    if dispute.status not in policy.ENDED:
        shown["answer"] = LinkAnswerForm(initial=fresh, auto_id="answer_%s")
    if Act.PROPOSE in acts:
        shown["propose"] = LinkProposalForm(
            initial=fresh | {"proposal": dispute.proposal}, auto_id="propose_%s"
        )
    context = {
        "title": dispute.number,
        "link": link,
        "token": token,
        "address": reverse("case_link:page", args=[token]),
        "spoken": get_language(),
        "dispute": dispute,
        "lines": dispute.lines.select_related("item").order_by("item__due_date", "pk"),
        "left": left,
        "tone": tone,
        "age": ((dispute.closed_on or today) - dispute.opened_on).days,
        "history": told(dispute),
        "evidence": dispute.evidence.order_by("pk"),
        "forms": shown | back,
        "done": request.GET.get("done", ""),
    }
    wrong = any(form.errors for form in back.values())
    return render(request, "links/case.html", context, status=422 if wrong else 200)
